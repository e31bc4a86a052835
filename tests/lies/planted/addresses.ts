import type { Lie } from '../lie.ts'

/** Addresses that are wrong below the path of a proxy, and weak tags that are told as changes. */
export const lies: readonly Lie[] = [
  {
    title: 'Location of a new note leaves out the public address',
    gate: 'http',
    file: 'src/notes/note-handlers.ts',
    from: 'addressOf(`/notes/${result.id}`)',
    to: '`/notes/${result.id}`',
  },
  {
    title: 'Link leaves out the public address',
    gate: 'http',
    file: 'src/contract/request/next-link.ts',
    from: '<${addressOf(',
    to: '<${(',
  },
  {
    title: 'a weak tag of the current version is told as a change',
    gate: 'weak-tags',
    file: 'src/notes/core/refusals.ts',
    from: '  if (weak.includes(current.version)) return weakTag(current)\n',
    to: '',
  },
  {
    title: 'a proxy may make a tag weak',
    gate: 'weak-tags',
    file: 'src/http/security-headers.ts',
    from: "'private, no-store, no-transform'",
    to: "'private, no-store'",
  },
]
