import { typescriptGenerator } from '../typescript/generator.ts'

export const heyApi = typescriptGenerator({
  name: 'hey-api',
  package: '@hey-api/openapi-ts',
  command: ['openapi-ts', '--file', 'openapi-ts.config.js'],
  relaxed: ['exactOptionalPropertyTypes'],
})
