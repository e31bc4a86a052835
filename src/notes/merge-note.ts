import type { components } from '../../generated/openapi.d.ts'
import { tagKey } from './tags.ts'
import { mergeText } from './text/merge.ts'
import { changedFields, type NoteFields } from './write-note.ts'

export type FieldConflict = components['schemas']['Conflict']

/** What three versions of a note make: the merged fields, or every place that both sides changed differently. */
export type MergedNote =
  | { readonly changes: Partial<NoteFields>; readonly conflicts?: never }
  | { readonly conflicts: readonly FieldConflict[]; readonly changes?: never }

/**
 * Merges `mine`, made from `base`, into `theirs`, made from `base` too. Texts by lines and words, tags as sets. A flag
 * has two values, so two sides that both changed it agree.
 */
export function mergeNote(base: NoteFields, mine: NoteFields, theirs: NoteFields): MergedNote {
  const mineChanged = changedFields(base, mine)
  const title = mergeText(base.title, mine.title, theirs.title)
  const content = mergeText(base.content, mine.content, theirs.content)
  const conflicts = [
    ...title.conflicts.map((conflict) => ({ field: 'title' as const, ...conflict })),
    ...content.conflicts.map((conflict) => ({ field: 'content' as const, ...conflict })),
  ]
  if (title.text === undefined || content.text === undefined) return { conflicts }
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

/** Theirs without what this side took away, and with what it added; in the spelling of the side that changed it. */
function mergeTags(base: readonly string[], mine: readonly string[], theirs: readonly string[]): string[] {
  const [before, wanted, present] = [base, mine, theirs].map((tags) => new Map(tags.map((tag) => [tagKey(tag), tag])))
  if (before === undefined || wanted === undefined || present === undefined) return []
  const kept = [...present].filter(([key]) => wanted.has(key) || !before.has(key))
  const added = [...wanted].filter(([key]) => !before.has(key) && !present.has(key))
  return [...kept, ...added].map(([key, tag]) => (before.get(key) === tag ? (wanted.get(key) ?? tag) : tag))
}
