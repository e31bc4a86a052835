import type { ProblemSlug } from '../../../src/http/problem-kinds.ts'

/** Kinds of problems that no operation documents, because they are sent outside of operations. */
export const OUTSIDE_OPERATIONS = {
  'method-not-allowed': 'there is no operation for the method',
  'headers-too-large': 'node refuses the head of the request before the path is known',
  'request-timeout': 'the request did not arrive in full',
} as const satisfies Partial<Record<ProblemSlug, string>>
