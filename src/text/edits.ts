import { EditableText, type Replacement } from './editable-text.ts'
import { findTwice } from './find.ts'
import { normalize, parseAtx } from './outline.ts'
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
}

export type Edited =
  | { readonly content: string; readonly fault?: never }
  | { readonly fault: EditFault; readonly content?: never }

/** undefined if the edit was applied. */
type Outcome = EditFault['type'] | undefined

export interface EditBounds {
  /** The maximum number of characters of the text, after each edit. */
  readonly length: number
  /** The maximum number of characters read for headings and tasks; characters that are read again count each time. */
  readonly scanned: number
}

/**
 * Applies edits in order, each to the result of the previous ones; all or none. Texts are inserted as given. We add
 * only the line break that separates them from the rest, of the kind that most lines of the note have. An edit takes
 * time in proportion to the text, but a small part of that if it changes only a few lines; `bounds` limits the total.
 */
export function applyEdits(content: string, edits: readonly Edit[], bounds: EditBounds): Edited {
  const text = new EditableText(content)
  const lastToNeedOutline = edits.findLastIndex(
    ({ op }) => op === 'toggle_task' || op === 'insert_under' || op === 'replace_section',
  )
  for (const [index, edit] of edits.entries()) {
    if (index > lastToNeedOutline) text.forgetOutline()
    const type = apply(text, edit) ?? boundFault(text, bounds)
    if (type !== undefined) return { fault: { index, type } }
  }
  return { content: text.content }
}

function boundFault(text: EditableText, { length, scanned }: EditBounds): Outcome {
  if (text.isLongerThan(length)) return 'text_too_long'
  return text.scanned > scanned ? 'too_much_reading' : undefined
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
  const isSeparate = content === '' || added === '' || content.endsWith('\n')
  return { from: content.length, to: content.length, text: isSeparate ? added : dominantEnding + added }
}

function prepend({ content, dominantEnding }: EditableText, added: string): Replacement {
  const isSeparate = content === '' || added === '' || added.endsWith('\n')
  return { from: 0, to: 0, text: isSeparate ? added : added + dominantEnding }
}

function inSection(text: EditableText, wanted: string, edit: (section: Section) => Replacement): Outcome {
  const { content, outline } = text
  const { level, text: title } = parseAtx(wanted.trim()) ?? { level: undefined, text: normalize(wanted) }
  const [heading, other] = outline.findHeadings(title, level)
  if (heading === undefined) return 'heading_not_found'
  if (other !== undefined) return 'heading_ambiguous'
  return change(text, edit(sectionOf(content, heading, outline.endOfSection(heading) ?? content.length)))
}

function replaceText(text: EditableText, find: string, replace: string): Outcome {
  if (find === '') return 'text_ambiguous'
  const [at, other] = findTwice(text.content, find)
  if (at === -1) return 'text_not_found'
  if (other !== -1) return 'text_ambiguous'
  return change(text, { from: at, to: at + find.length, text: replace })
}

function toggleTask(text: EditableText, wanted: string, checked: boolean | undefined): Outcome {
  const [task, other] = text.outline.findTasks(normalize(wanted))
  if (task === undefined) return 'task_not_found'
  if (other !== undefined) return 'task_ambiguous'
  const isChecked = checked ?? !task.isChecked
  if (isChecked !== task.isChecked) text.check(task, isChecked)
  return undefined
}
