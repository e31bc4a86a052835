import type { Generator } from './generator.ts'

/** In the order in which they are run. */
export const generators: readonly Generator[] = []
