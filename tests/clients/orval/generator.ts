import { typescriptGenerator } from '../typescript/generator.ts'

export const orval = typescriptGenerator({
  name: 'orval',
  package: 'orval',
  command: ['orval', '--config', 'orval.config.js'],
})
