import { typescriptGenerator } from '../typescript/generator.ts'

/**
 * Types by openapi-typescript, which the server itself uses, and a client of a few kilobytes that reads them. Without
 * the flag, a program must send the fields for which the server has a default.
 */
export const openapiFetch = typescriptGenerator({
  name: 'openapi-fetch',
  package: 'openapi-fetch',
  command: [
    'openapi-typescript',
    'openapi.yaml',
    '--default-non-nullable',
    'false',
    '--output',
    'generated/schema.d.ts',
  ],
})
