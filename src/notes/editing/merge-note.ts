import type { components } from '../../../generated/openapi.d.ts'
import { tagKey } from '../tags/tags.ts'
import type { MergeJob, ResultOf } from '../../text/jobs.ts'
import { mergeText } from '../../text/merge.ts'
import type { NoteFields } from '../core/note-row.ts'
import { changedFields } from '../core/write-note.ts'

export type FieldConflict = components['schemas']['Conflict']

/** The result of a three-way merge: the merged fields, or the places that both sides changed differently. */
export type MergedNote =
  | { readonly changes: Partial<NoteFields>; readonly conflicts?: never }
  | {
      /** Up to MAX_CONFLICTS. */
      readonly conflicts: readonly FieldConflict[]
      /** The total number of such places. */
      readonly count: number
      readonly changes?: never
    }

/** The maximum number of conflicts that are reported. */
const MAX_CONFLICTS = 1_000

/** The job that merges the contents of three versions of a note. */
export function mergeJob(base: NoteFields, mine: NoteFields, theirs: NoteFields): MergeJob {
  return { kind: 'merge', base: base.content, mine: mine.content, theirs: theirs.content, maxConflicts: MAX_CONFLICTS }
}

/**
 * Merges `mine` into `theirs`; both were made from `base`. Texts are merged by lines and words, tags as sets. A flag
 * has two values, so two sides that both changed it agree. `content` is the result of mergeJob.
 */
export function mergeNote(
  base: NoteFields,
  mine: NoteFields,
  theirs: NoteFields,
  content: ResultOf<MergeJob>,
): MergedNote {
  const mineChanged = changedFields(base, mine)
  const title = mergeText(base.title, mine.title, theirs.title)
  if (title.text === undefined || content.text === undefined) {
    const inContent = content.text === undefined ? content : { conflicts: [], count: 0 }
    const conflicts = [
      ...title.conflicts.map((conflict) => ({ field: 'title' as const, ...conflict })),
      ...inContent.conflicts.map((conflict) => ({ field: 'content' as const, ...conflict })),
    ]
    return { conflicts: conflicts.slice(0, MAX_CONFLICTS), count: title.conflicts.length + inContent.count }
  }
  const flags = (['is_public', 'is_pinned', 'is_archived'] as const).filter((name) => mineChanged.includes(name))
  return {
    changes: {
      title: title.text,
      content: content.text,
      tags: mergeTags(base.tags, mine.tags, theirs.tags),
      ...Object.fromEntries(flags.map((name) => [name, mine[name]])),
    },
  }
}

/** `theirs` without the tags that `mine` removed and with those it added, as the side that changed a tag spells it. */
function mergeTags(base: readonly string[], mine: readonly string[], theirs: readonly string[]): string[] {
  const [before, wanted, present] = [base, mine, theirs].map((tags) => new Map(tags.map((tag) => [tagKey(tag), tag])))
  if (before === undefined || wanted === undefined || present === undefined) return []
  const kept = [...present].filter(([key]) => wanted.has(key) || !before.has(key))
  const added = [...wanted].filter(([key]) => !before.has(key) && !present.has(key))
  return [...kept, ...added].map(([key, tag]) => (before.get(key) === tag ? (wanted.get(key) ?? tag) : tag))
}
