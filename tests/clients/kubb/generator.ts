import { typescriptGenerator } from '../typescript/generator.ts'

export const kubb = typescriptGenerator({
  name: 'kubb',
  package: '@kubb/plugin-client',
  command: ['kubb', 'generate', '--config', 'kubb.config.js'],
})
