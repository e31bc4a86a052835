import { Problem, validationFailed } from './problem.ts'

/** The problem for a request whose Idempotency-Key is in use: by a request under way, or by a different request. */
export function refuseRepeated(state: 'in-flight' | 'other-request'): Problem {
  if (state === 'in-flight') {
    return new Problem('request-in-flight', 'A request with this Idempotency-Key is still under way.', {
      headers: { 'Retry-After': 1 },
    })
  }
  const msg = 'Was used for another request. Take a new key for each thing you want done.'
  return validationFailed([
    { loc: ['header', 'Idempotency-Key'], pointer: '/Idempotency-Key', msg, type: 'idempotency_key_reused' },
  ])
}

/** The header that distinguishes a stored reply from a new one. */
export function replayedHeader(state: 'done' | 'replayed'): { readonly 'Idempotency-Replayed'?: 'true' } {
  return state === 'replayed' ? { 'Idempotency-Replayed': 'true' } : {}
}
