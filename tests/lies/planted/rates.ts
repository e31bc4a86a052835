import type { Lie } from '../lie.ts'

/** Limits of how often requests are answered. */
export const lies: readonly Lie[] = [
  {
    title: "people at one address use up each other's requests",
    gate: 'rates',
    file: 'src/contract/request/rate-limits.ts',
    from: 'caller?.userId ?? incoming.client.address',
    to: 'incoming.client.address',
  },
  {
    title: 'credentials may be tried without end',
    gate: 'rates',
    file: 'src/contract/request/rate-limits.ts',
    from: 'error instanceof Problem && error.status === 401',
    to: 'error instanceof Problem && error.status === 402',
  },
  {
    title: 'every operation costs the same',
    gate: 'rates',
    file: 'src/contract/request/rate-limits.ts',
    from: 'Math.min(weight, quota)',
    to: 'Math.min(1, quota)',
  },
  {
    title: 'a refused request uses up what is left',
    gate: 'rates',
    file: 'src/rate-limits/local-quotas.ts',
    from: 'if (isAllowed) window.used += weight',
    to: 'window.used += weight',
  },
  {
    title: 'the memory for quotas has no bound',
    gate: 'rates',
    file: 'src/rate-limits/local-quotas.ts',
    from: 'windows.size < maxKeys',
    to: 'windows.size < Infinity',
  },
]
