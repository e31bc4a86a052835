import { EditableText, type Replacement } from './editable-text.ts'
import { findTwice } from './find.ts'
import { normal, parseAtx } from './outline.ts'
import { insertAtEnd, insertAtStart, replaceSection, sectionOf } from './section.ts'
import type { Section } from './section.ts'

export type Edit =
  | { readonly op: 'append'; readonly text: string }
  | { readonly op: 'prepend'; readonly text: string }
  | { readonly op: 'replace_section'; readonly heading: string; readonly text: string }
  | {
      readonly op: 'insert_under'
      readonly heading: string
      readonly text: string
      readonly position?: 'start' | 'end'
    }
  | { readonly op: 'replace_text'; readonly find: string; readonly replace: string }
  | { readonly op: 'toggle_task'; readonly task: string; readonly checked?: boolean }

export interface EditFault {
  /** Index in `edits` of the first that could not be applied. */
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
  readonly msg: string
}

export type Edited =
  | { readonly content: string; readonly fault?: never }
  | { readonly fault: EditFault; readonly content?: never }

type Fault = Omit<EditFault, 'index'>

/** Undefined: the edit was applied. */
type Outcome = Fault | undefined

export interface EditBounds {
  /** Characters that the text may have after any of the edits. */
  readonly length: number
  /** Characters that may be read for headings and tasks, those that are read again counted each time. */
  readonly scanned: number
}

/**
 * Applies edits in order, each to what the ones before it made; all or none. Texts are put in as given: only the line
 * break that parts them from what is there is ours, and it is of the kind most lines of the note have. An edit costs time
 * in proportion to the text, and a small part of that where it changes no more than a few lines; `bounds` ends the rest.
 */
export function applyEdits(content: string, edits: readonly Edit[], bounds: EditBounds): Edited {
  const text = new EditableText(content)
  const lastToNeedOutline = edits.findLastIndex(
    ({ op }) => op === 'toggle_task' || op === 'insert_under' || op === 'replace_section',
  )
  for (const [index, edit] of edits.entries()) {
    if (index > lastToNeedOutline) text.forgetOutline()
    const fault = apply(text, edit) ?? beyond(text, bounds)
    if (fault !== undefined) return { fault: { index, ...fault } }
  }
  return { content: text.content }
}

function beyond(text: EditableText, { length, scanned }: EditBounds): Outcome {
  if (text.isLongerThan(length)) return { type: 'text_too_long', msg: `more than ${length} characters` }
  return text.scanned > scanned ? { type: 'too_much_reading', msg: `more than ${scanned} characters read` } : undefined
}

function apply(text: EditableText, edit: Edit): Outcome {
  switch (edit.op) {
    case 'append':
      return change(text, append(text, edit.text))
    case 'prepend':
      return change(text, prepend(text, edit.text))
    case 'replace_section':
      return inSection(text, edit.heading, (section) =>
        replaceSection(text.content, section, edit.text, text.dominantEnding),
      )
    case 'insert_under': {
      const insert = edit.position === 'start' ? insertAtStart : insertAtEnd
      return inSection(text, edit.heading, (section) => insert(text.content, section, edit.text, text.dominantEnding))
    }
    case 'replace_text':
      return replaceText(text, edit.find, edit.replace)
    default:
      return toggleTask(text, edit.task, edit.checked)
  }
}

function change(text: EditableText, replacement: Replacement): undefined {
  text.replace(replacement)
}

function append({ content, dominantEnding }: EditableText, added: string): Replacement {
  const isApart = content === '' || added === '' || content.endsWith('\n')
  return { from: content.length, to: content.length, text: isApart ? added : dominantEnding + added }
}

function prepend({ content, dominantEnding }: EditableText, added: string): Replacement {
  const isApart = content === '' || added === '' || added.endsWith('\n')
  return { from: 0, to: 0, text: isApart ? added : added + dominantEnding }
}

function inSection(text: EditableText, wanted: string, edit: (section: Section) => Replacement): Outcome {
  const { content, outline } = text
  const { level, text: title } = parseAtx(wanted.trim()) ?? { level: undefined, text: normal(wanted) }
  const [heading, other] = outline.findHeadings(title, level)
  if (heading === undefined) return { type: 'heading_not_found', msg: `no heading ${quote(wanted)}` }
  if (other !== undefined) return { type: 'heading_ambiguous', msg: `more than one heading ${quote(wanted)}` }
  return change(text, edit(sectionOf(content, heading, outline.endOfSection(heading) ?? content.length)))
}

function replaceText(text: EditableText, find: string, replace: string): Outcome {
  if (find === '') return { type: 'text_ambiguous', msg: 'an empty text is everywhere' }
  const [at, other] = findTwice(text.content, find)
  if (at === -1) return { type: 'text_not_found', msg: `no text ${quote(find)}` }
  if (other !== -1) return { type: 'text_ambiguous', msg: `more than one text ${quote(find)}` }
  return change(text, { from: at, to: at + find.length, text: replace })
}

function toggleTask(text: EditableText, wanted: string, checked: boolean | undefined): Outcome {
  const [task, other] = text.outline.findTasks(normal(wanted))
  if (task === undefined) return { type: 'task_not_found', msg: `no task ${quote(wanted)}` }
  if (other !== undefined) return { type: 'task_ambiguous', msg: `more than one task ${quote(wanted)}` }
  const isChecked = checked ?? !task.isChecked
  if (isChecked !== task.isChecked) text.check(task, isChecked)
  return undefined
}

/** Short enough for a message, and without half of a surrogate pair. */
function quote(text: string): string {
  const most = 80
  return JSON.stringify(
    text.length > most
      ? `${text
          .slice(0, most)
          .toWellFormed()
          .replace(/\uFFFD$/, '')}…`
      : text,
  )
}
