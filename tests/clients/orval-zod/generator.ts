import { typescriptGenerator } from '../typescript/generator.ts'

export const orvalZod = typescriptGenerator({
  name: 'orval-zod',
  package: 'orval',
  command: ['orval', '--config', 'orval.config.js'],
})
