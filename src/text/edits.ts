import { EditableText, type Replacement } from './editable-text.ts'
import { type Candidate, headingCandidates, taskCandidates, textCandidates } from './candidates.ts'
import { startOfMarkdown } from './front-matter.ts'
import { headingName } from './heading-path.ts'
import { endingsOf, withEndings } from './lines.ts'
import { normalize } from './outline.ts'
import { type Match, search } from './search.ts'
import { insertAtEnd, insertAtStart, replaceSection, sectionOf } from './section.ts'
import type { Section } from './section.ts'

export type Edit =
  | { readonly op: 'append'; readonly text: string }
  | { readonly op: 'prepend'; readonly text: string }
  | ({ readonly op: 'replace_section'; readonly text: string } & HeadingReference)
  | ({ readonly op: 'insert_under'; readonly text: string; readonly position?: 'start' | 'end' } & HeadingReference)
  | { readonly op: 'replace_text'; readonly find: string; readonly replace: string; readonly occurrence?: number }
  | { readonly op: 'toggle_task'; readonly task: string; readonly checked?: boolean; readonly occurrence?: number }

interface HeadingReference {
  readonly heading: string
  /** Headings that it is under, outermost first; those between may be left out. */
  readonly within?: readonly string[]
  /** Which of those that match, counted from 1. */
  readonly occurrence?: number
}

export interface EditFault {
  /** Index in `edits` of the first edit that could not be applied. */
  readonly index: number
  readonly type:
    | 'heading_not_found'
    | 'heading_ambiguous'
    | 'text_not_found'
    | 'text_ambiguous'
    | 'task_not_found'
    | 'task_ambiguous'
    | 'text_too_long'
    | 'too_much_reading'
  /** How many were found, if they are fewer than `occurrence`. */
  readonly count?: number
  /** What the edit may have meant. */
  readonly candidates?: readonly Candidate[]
}

export type Edited =
  | { readonly content: string; readonly fault?: never }
  | { readonly fault: EditFault; readonly content?: never }

/** undefined if the edit was applied. */
type Outcome = Omit<EditFault, 'index'> | undefined

export interface EditBounds {
  /** The maximum number of characters of the text, after each edit. */
  readonly length: number
  /** The maximum number of characters read for headings and tasks; characters that are read again count each time. */
  readonly scanned: number
}

/**
 * Applies edits in order, each to the result of the previous ones; all or none. Texts are inserted as given, but with
 * the line breaks that most lines of the note have, and with one that separates them from the rest. An edit takes time
 * in proportion to the text, but a small part of that if it changes only a few lines; `bounds` limits the total.
 */
export function applyEdits(content: string, edits: readonly Edit[], bounds: EditBounds): Edited {
  const text = new EditableText(content)
  const lastToNeedOutline = edits.findLastIndex(
    ({ op }) => op === 'toggle_task' || op === 'insert_under' || op === 'replace_section',
  )
  for (const [index, edit] of edits.entries()) {
    if (index > lastToNeedOutline) text.forgetOutline()
    const refusal = apply(text, edit) ?? boundFault(text, bounds)
    if (refusal !== undefined) return { fault: { index, ...refusal } }
  }
  return { content: text.content }
}

function boundFault(text: EditableText, { length, scanned }: EditBounds): Outcome {
  if (text.isLongerThan(length)) return { type: 'text_too_long' }
  return text.scanned > scanned ? { type: 'too_much_reading' } : undefined
}

function apply(text: EditableText, edit: Edit): Outcome {
  switch (edit.op) {
    case 'append':
      return change(text, append(text, text.withOwnBreaks(edit.text)))
    case 'prepend':
      return change(text, prepend(text, text.withOwnBreaks(edit.text)))
    case 'replace_section':
      return inSection(text, edit, (section, added) =>
        replaceSection(text.content, section, added, text.dominantEnding),
      )
    case 'insert_under': {
      const insert = edit.position === 'start' ? insertAtStart : insertAtEnd
      return inSection(text, edit, (section, added) => insert(text.content, section, added, text.dominantEnding))
    }
    case 'replace_text':
      return replaceText(text, edit)
    default:
      return toggleTask(text, edit)
  }
}

function change(text: EditableText, replacement: Replacement): undefined {
  text.replace(replacement)
}

function append({ content, dominantEnding }: EditableText, added: string): Replacement {
  const isSeparate = content === '' || added === '' || content.endsWith('\n')
  return { from: content.length, to: content.length, text: isSeparate ? added : dominantEnding + added }
}

/** Front matter stays at the beginning. */
function prepend({ content, dominantEnding }: EditableText, added: string): Replacement {
  const at = startOfMarkdown(content)
  const isAfterLine = at === 0 || added === '' || content[at - 1] === '\n' || content[at - 1] === '\ufeff'
  const isBeforeEnd = at === content.length || added === '' || added.endsWith('\n')
  return { from: at, to: at, text: (isAfterLine ? '' : dominantEnding) + added + (isBeforeEnd ? '' : dominantEnding) }
}

type SectionEdit = Extract<Edit, { op: 'replace_section' | 'insert_under' }>

function inSection(
  text: EditableText,
  { heading: wanted, within = [], occurrence, text: added }: SectionEdit,
  edit: (section: Section, added: string) => Replacement,
): Outcome {
  const sought = { name: headingName(wanted), within: within.map(headingName) }
  const { content, outline } = text
  const found = outline.findHeadings(sought, occurrence ?? 2)
  const heading = only(found, occurrence)
  if (heading === undefined) return refused('heading', found, occurrence, headingCandidates(text, sought))
  const section = sectionOf(content, heading, outline.endOfSection(heading) ?? content.length)
  return change(text, edit(section, text.withOwnBreaks(added)))
}

/**
 * Line breaks in `replace` become those of the text that they replace, in their order; further ones are as the last of
 * them, or as in most lines.
 */
function replaceText(
  text: EditableText,
  { find, replace, occurrence }: Extract<Edit, { op: 'replace_text' }>,
): Outcome {
  if (find === '') return { type: 'text_ambiguous' }
  const found: (() => Match)[] = []
  let count = 0
  search(text.content, find, (locate) => {
    count += 1
    if (occurrence === undefined || count === occurrence) found.push(locate)
    return count < (occurrence ?? 2)
  })
  const [locate, other] = found
  if (locate === undefined || other !== undefined)
    return refused('text', { length: count }, occurrence, textCandidates(text, find))
  const { from, to, head, tail } = locate()
  const endings = endingsOf(text.content.slice(from, to))
  const added = endings.length === 0 ? text.withOwnBreaks(replace) : withEndings(replace, endings)
  return change(text, { from, to, text: head + added + tail })
}

function toggleTask(
  text: EditableText,
  { task: wanted, checked, occurrence }: Extract<Edit, { op: 'toggle_task' }>,
): Outcome {
  const name = normalize(wanted)
  const found = text.outline.findTasks(name, occurrence ?? 2)
  const task = only(found, occurrence)
  if (task === undefined) return refused('task', found, occurrence, taskCandidates(text, name))
  const isChecked = checked ?? !task.isChecked
  if (isChecked !== task.isChecked) text.check(task, isChecked)
  return undefined
}

/** The one that is meant: the one with this number or, without a number, the only one. */
function only<T>(found: readonly T[], occurrence: number | undefined): T | undefined {
  return occurrence === undefined ? (found.length === 1 ? found[0] : undefined) : found[occurrence - 1]
}

function refused(
  what: 'heading' | 'text' | 'task',
  { length }: { readonly length: number },
  occurrence: number | undefined,
  candidates: readonly Candidate[],
): Outcome {
  if (length > 0 && occurrence === undefined) return { type: `${what}_ambiguous`, candidates }
  return { type: `${what}_not_found`, candidates, ...(length > 0 ? { count: length } : {}) }
}
