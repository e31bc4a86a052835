import type { Lie } from '../lie.ts'

const gate = 'large-texts'
const work = 'src/text/text-work.ts'

/** Large texts that block other callers, lose concurrent changes, or are read as they were before an edit. */
export const lies: readonly Lie[] = [
  {
    title: 'every text is worked on in the event loop',
    gate,
    file: 'src/text/jobs.ts',
    from: 'size * job.edits.length <= SMALL.edit &&',
    to: 'size * job.edits.length <= 1e12 &&',
  },
  {
    title: 'a result for an earlier version is used as well',
    gate,
    file: work,
    from: 'if (known?.version === version) return known.result',
    to: 'if (known !== undefined) return known.result',
  },
  {
    title: 'a writer of a note that keeps changing retries more often',
    gate,
    file: work,
    from: 'MAX_RETRIES = 3',
    to: 'MAX_RETRIES = 9',
  },
  {
    title: 'a large text may take a minute',
    gate: 'numbers',
    file: work,
    from: 'DEADLINE_MS = 2_000',
    to: 'DEADLINE_MS = 60_000',
  },
  {
    title: 'a heading keeps the text that its paragraph had',
    gate,
    file: 'src/text/outline-index.ts',
    from: 'return !isInParagraph && isSame(relative(state, at), chunk.before)',
    to: 'return isSame(relative(state, at), chunk.before)',
  },
  {
    title: 'edits may make a text too long for a moment',
    gate,
    file: 'src/text/edits.ts',
    from: 'text.isLongerThan(length)',
    to: 'text.isLongerThan(2 * length)',
  },
  {
    title: 'a thread goes on after its deadline',
    gate: 'large-texts',
    file: 'src/scheduling/worker-pool.ts',
    from: "() => settle(false, () => reject(busy(new Error('The job took too long')))),",
    to: "() => settle(true, () => reject(busy(new Error('The job took too long')))),",
  },
]
