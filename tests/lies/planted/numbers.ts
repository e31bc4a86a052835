import type { Lie } from '../lie.ts'

const gate = 'numbers'
const contract = 'openapi.yaml'

/** Numbers of the server that differ from the contract, and numbers of the contract that differ from the server. */
export const lies: readonly Lie[] = [
  {
    title: 'an idempotency key is kept for an hour',
    gate,
    file: 'src/db/idempotency.ts',
    from: 'KEPT_HOURS = 24',
    to: 'KEPT_HOURS = 1',
  },
  {
    title: 'a lost reply may be fetched for two seconds',
    gate,
    file: 'src/auth/session/refresh-tokens.ts',
    from: 'RETRY_SECONDS = 10',
    to: 'RETRY_SECONDS = 2',
  },
  {
    title: 'skip passes over at most a hundred notes',
    gate,
    file: 'src/notes/core/note-page.ts',
    from: 'offset ${skip}',
    to: 'offset ${Math.min(skip, 100)}',
  },
  {
    title: 'ten wrong passwords are free',
    gate,
    file: 'src/auth/throttle/login-throttle.ts',
    from: 'pair: { free: 5,',
    to: 'pair: { free: 10,',
  },
  {
    title: 'a body may be 64 levels deep',
    gate,
    file: 'src/contract/request/json-body.ts',
    from: 'MAX_DEPTH = 32',
    to: 'MAX_DEPTH = 64',
  },
  {
    title: 'a body may have any text that its bytes can hold',
    gate,
    file: 'src/contract/request/json-body.ts',
    from: 'MAX_CHARACTERS = 2 * 1024 * 1024',
    to: 'MAX_CHARACTERS = 16 * 1024 * 1024',
  },
  {
    title: 'versions are thinned after twelve hours',
    gate,
    file: 'src/notes/history/prune-revisions.ts',
    from: "unit: 'hour', hours: 24",
    to: "unit: 'hour', hours: 12",
  },
  {
    title: 'events are kept for a month',
    gate,
    file: 'src/auth/events.ts',
    from: 'KEPT_DAYS = 400',
    to: 'KEPT_DAYS = 30',
  },
  {
    title: 'erased_after ignores the setting of the operator',
    gate,
    file: 'src/notes/trash/trash.ts',
    from: 'deleted_at + make_interval(days => ${page.days})',
    to: "deleted_at + interval '30 days'",
  },
  {
    title: 'the contract keeps events for 4000 days',
    gate,
    file: contract,
    from: 'Events are kept for 400 days',
    to: 'Events are kept for 4000 days',
  },
  {
    title: 'the contract keeps a key for a week',
    gate,
    file: contract,
    from: '`Idempotency-Replayed: true`, for 24 hours',
    to: '`Idempotency-Replayed: true`, for 7 days',
  },
  {
    title: 'the contract ends the doubling at five minutes',
    gate,
    file: contract,
    from: 'from one second to 15 minutes',
    to: 'from one second to five minutes',
  },
  {
    title: 'the contract empties the trash after 90 days',
    gate,
    file: contract,
    from: 'has set (30 by default)',
    to: 'has set (90 by default)',
  },
  {
    title: 'the contract notes a use within the hour',
    gate,
    file: contract,
    from: 'to within five minutes',
    to: 'to within an hour',
  },
  {
    title: 'an idle stream gets a comment every 30 seconds',
    gate,
    file: 'src/http/heartbeats.ts',
    from: 'const EVERY_SECONDS = 25',
    to: 'const EVERY_SECONDS = 30',
  },
  {
    title: 'a page about a problem names a number that nothing measures',
    gate,
    file: 'src/http/problem-kinds.ts',
    from: "'The request did not arrive in full within the time the server waits for one.'",
    to: "'The request did not arrive in full within two minutes.'",
  },
]
