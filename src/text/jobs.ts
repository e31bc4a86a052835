import { type Labels, unifiedDiff } from './diff.ts'
import { applyEdits, type Edit, type EditBounds, type EditFault } from './edits.ts'
import { type Conflict, mergeText } from './merge.ts'

/** Work whose cost grows with the texts: plain data, so that a thread can do it. */
export type TextJob = EditJob | DiffJob | MergeJob

/** Applies edits; with `labels`, also shows what they change. */
export interface EditJob {
  readonly kind: 'edit'
  readonly content: string
  readonly edits: readonly Edit[]
  readonly bounds: EditBounds
  readonly labels?: Labels
}

export interface DiffJob {
  readonly kind: 'diff'
  readonly before: string
  readonly after: string
  readonly labels: Labels
}

export interface MergeJob {
  readonly kind: 'merge'
  readonly base: string
  readonly mine: string
  readonly theirs: string
  /** How many conflicts are reported; all of them are counted. */
  readonly maxConflicts: number
}

interface Results {
  readonly edit:
    | { readonly content: string; readonly diff: string; readonly fault?: never }
    | { readonly fault: EditFault }
  readonly diff: string
  readonly merge:
    | { readonly text: string }
    | { readonly text: undefined; readonly conflicts: readonly Conflict[]; readonly count: number }
}

export type ResultOf<J extends TextJob> = Results[J['kind']]

/**
 * Jobs of up to so many characters run at once. The most hostile text of that size takes about 10 ms; sending it to a
 * thread and back takes well below 1 ms, and starting a thread 50 ms.
 */
const SMALL = { edit: 131_072, compare: 8_192 } as const

/** Whether a job is small enough to run on the event loop, and in a transaction. */
export function isSmall(job: TextJob): boolean {
  switch (job.kind) {
    case 'edit': {
      const size = job.edits.reduce((sum, edit) => sum + sizeOf(edit), job.content.length)
      return (
        size * job.edits.length <= SMALL.edit &&
        (job.labels === undefined || job.content.length + size <= SMALL.compare)
      )
    }
    case 'diff':
      return job.before.length + job.after.length <= SMALL.compare
    default:
      return job.base.length + job.mine.length + job.theirs.length <= SMALL.compare
  }
}

export function runTextJob<J extends TextJob>(job: J): ResultOf<J>
export function runTextJob(job: TextJob): Results[TextJob['kind']] {
  switch (job.kind) {
    case 'edit': {
      const { content, fault } = applyEdits(job.content, job.edits, job.bounds)
      if (fault !== undefined) return { fault }
      return { content, diff: job.labels === undefined ? '' : unifiedDiff(job.content, content, job.labels) }
    }
    case 'diff':
      return unifiedDiff(job.before, job.after, job.labels)
    default: {
      const { text, conflicts } = mergeText(job.base, job.mine, job.theirs)
      if (text !== undefined) return { text }
      return { text, conflicts: conflicts.slice(0, job.maxConflicts), count: conflicts.length }
    }
  }
}

function sizeOf(edit: Edit): number {
  switch (edit.op) {
    case 'replace_text':
      return edit.find.length + edit.replace.length
    case 'toggle_task':
      return edit.task.length
    default:
      return edit.text.length
  }
}
