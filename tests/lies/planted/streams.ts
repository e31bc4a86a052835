import type { Lie } from '../lie.ts'

const gate = 'streams'
const streams = 'src/contract/reply/streams.ts'
const handlers = 'src/changes/handlers.ts'

/** Streams that send what they may not, to clients that may not have it, or for longer than they may. */
export const lies: readonly Lie[] = [
  {
    title: 'an event is not checked before it is sent',
    gate,
    file: 'src/contract/reply/checked-events.ts',
    from: `      check(event)
      yield event`,
    to: '      yield event',
  },
  {
    title: 'a stream goes on after logout',
    gate,
    file: streams,
    from: 'streams.filter(({ caller }) => ended.has(caller)),',
    to: "streams.filter(({ caller }) => ended.has(caller) && caller.userId === ''),",
  },
  {
    title: 'streams go on for as long as their credentials cannot be checked',
    gate,
    file: streams,
    from: 'await Promise.race([work, late])',
    to: 'await work',
  },
  {
    title: 'streams of an account are not counted',
    gate,
    file: streams,
    from: 'if (count >= max) throw full()',
    to: 'if (count >= max + 1) throw full()',
  },
  {
    title: 'a closed stream keeps its place',
    gate,
    file: streams,
    from: 'const left = (counts.get(key) ?? 1) - 1',
    to: 'const left = counts.get(key) ?? 1',
  },
  {
    title: 'a server that stops says nothing to its streams',
    gate,
    file: streams,
    from: "end(open, 'server_stopping')",
    to: "end([], 'server_stopping')",
  },
  {
    title: 'a client that takes nothing is kept for ever',
    gate,
    file: 'src/http/drained.ts',
    from: 'settle(reject), idleSeconds * 1_000)',
    to: 'settle(reject), idleSeconds * 1_000_000)',
  },
  {
    title: 'Last-Event-ID is ignored when the address has a cursor',
    gate,
    file: handlers,
    from: 'if (lastEventId !== undefined)',
    to: 'if (lastEventId !== undefined && cursor === undefined)',
  },
  {
    title: 'a cursor of another database is accepted',
    gate,
    file: 'src/changes/places.ts',
    from: 'if (place.epoch === epoch && !mustStartAgain(place, log)) return',
    to: 'if (!mustStartAgain(place, log)) return',
  },
  {
    title: 'a new reader is sent back by tombstones that it never had',
    gate,
    file: handlers,
    from: 'floor: given?.floor ?? log.forgottenSeq',
    to: 'floor: given?.floor ?? 0',
  },
  {
    title: 'a stream loses what comes while it catches up with more than one batch',
    gate,
    file: 'src/changes/change-hub.ts',
    from: 'caughtUp = notices.length < BATCH',
    to: 'caughtUp = true',
  },
  {
    title: 'a request may take for ever',
    gate,
    file: 'src/contract/request/time-limit.ts',
    from: 'const timer = setTimeout(giveUp, seconds * 1_000)',
    to: 'const timer = setTimeout(giveUp, seconds * 1_000_000)',
  },
]
