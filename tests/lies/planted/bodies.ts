import type { Lie } from '../lie.ts'

const gate = 'http'

/** Large bodies that take the memory of all, and refusals of them that do not reach their senders. */
export const lies: readonly Lie[] = [
  {
    title: 'one account takes all places for large bodies',
    gate,
    file: 'src/http/body.ts',
    from: 'slotsPerKey: 2,',
    to: 'slotsPerKey: 8,',
  },
  {
    title: 'a large body whose length is not announced needs no place',
    gate,
    file: 'src/http/body.ts',
    from: '(await body.upTo(LARGE))',
    to: '(await body.upTo(maxBytes))',
  },
  {
    title: 'a slot of a full key is handed on to no other key',
    gate,
    file: 'src/scheduling/fair-gate.ts',
    from: 'const able = [...waiting].filter((place) => mayRun(place.key))',
    to: 'const able = [...waiting].slice(0, 1).filter((place) => mayRun(place.key))',
  },
  {
    title: 'a refused client is reset before it has its reply',
    gate,
    file: 'src/listener.ts',
    from: '    closeInStages(request, stagedCloseTimeout)\n',
    to: '',
  },
]
