import type { ProblemSlug } from '../../../src/http/problem-kinds.ts'

/** Kinds that no operation documents, because they are answered where there is none. */
export const OUTSIDE_OPERATIONS = {
  'method-not-allowed': 'a method that the path does not have is no operation',
  'headers-too-large': 'node refuses the head of the request before there is a path',
  'request-timeout': 'the request never arrived',
} as const satisfies Partial<Record<ProblemSlug, string>>
