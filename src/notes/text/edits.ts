import { findTwice } from './find.ts'
import { dominantEnding } from './lines.ts'
import { normal, outlineOf, parseAtx } from './outline.ts'
import { insertAtEnd, insertAtStart, replaceSection, sectionOf } from './section.ts'
import type { Section } from './section.ts'

export type Edit =
  | { readonly op: 'append'; readonly text: string }
  | { readonly op: 'prepend'; readonly text: string }
  | { readonly op: 'replace_section'; readonly heading: string; readonly text: string }
  | { readonly op: 'insert_under'; readonly heading: string; readonly text: string; readonly position?: 'start' | 'end' }
  | { readonly op: 'replace_text'; readonly find: string; readonly replace: string }
  | { readonly op: 'toggle_task'; readonly task: string; readonly checked?: boolean }

export interface EditFault {
  /** Index in `edits` of the first that could not be applied. */
  readonly index: number
  readonly type: 'heading_not_found' | 'heading_ambiguous' | 'text_not_found' | 'text_ambiguous' | 'task_not_found' | 'task_ambiguous'
  readonly msg: string
}

export type Edited = { readonly content: string; readonly fault?: never } | { readonly fault: EditFault; readonly content?: never }

type Fault = Omit<EditFault, 'index'>
type Outcome = string | Fault

/**
 * Applies edits in order, each to what the ones before it made; all or none. Texts are put in as given: only the line
 * break that parts them from what is there is ours, and it is of the kind most lines of the note have. Linear in the
 * size of the note for each edit.
 */
export function applyEdits(content: string, edits: readonly Edit[]): Edited {
  let edited = content
  for (const [index, edit] of edits.entries()) {
    const outcome = apply(edited, edit)
    if (typeof outcome !== 'string') return { fault: { index, ...outcome } }
    edited = outcome
  }
  return { content: edited }
}

function apply(content: string, edit: Edit): Outcome {
  if (edit.op === 'replace_text') return replaceText(content, edit.find, edit.replace)
  if (edit.op === 'toggle_task') return toggleTask(content, edit.task, edit.checked)
  const ending = dominantEnding(content)
  if (edit.op === 'append') return join(content, edit.text, ending)
  if (edit.op === 'prepend') return join(edit.text, content, ending)
  if (edit.op === 'replace_section')
    return inSection(content, edit.heading, (section) => replaceSection(content, section, edit.text, ending))
  const insert = edit.position === 'start' ? insertAtStart : insertAtEnd
  return inSection(content, edit.heading, (section) => insert(content, section, edit.text, ending))
}

function join(first: string, second: string, ending: string): string {
  return first === '' || second === '' || first.endsWith('\n') ? first + second : first + ending + second
}

function inSection(content: string, wanted: string, edit: (section: Section) => string): Outcome {
  const { headings } = outlineOf(content)
  const { level, text } = parseAtx(wanted.trim()) ?? { level: undefined, text: normal(wanted) }
  const found = headings.filter((heading) => heading.text === text && (level === undefined || heading.level === level))
  const [heading] = found
  if (heading === undefined) return { type: 'heading_not_found', msg: `no heading ${quote(wanted)}` }
  if (found.length > 1) return { type: 'heading_ambiguous', msg: `${found.length} headings ${quote(wanted)}` }
  return edit(sectionOf(content, headings, heading))
}

function replaceText(content: string, find: string, replace: string): Outcome {
  if (find === '') return { type: 'text_ambiguous', msg: 'an empty text is everywhere' }
  const [at, other] = findTwice(content, find)
  if (at === -1) return { type: 'text_not_found', msg: `no text ${quote(find)}` }
  if (other !== -1) return { type: 'text_ambiguous', msg: `more than one text ${quote(find)}` }
  return content.slice(0, at) + replace + content.slice(at + find.length)
}

function toggleTask(content: string, wanted: string, checked: boolean | undefined): Outcome {
  const found = outlineOf(content).tasks.filter((task) => task.text === normal(wanted))
  const [task] = found
  if (task === undefined) return { type: 'task_not_found', msg: `no task ${quote(wanted)}` }
  if (found.length > 1) return { type: 'task_ambiguous', msg: `${found.length} tasks ${quote(wanted)}` }
  const isChecked = checked ?? !task.isChecked
  if (isChecked === task.isChecked) return content
  return content.slice(0, task.mark) + (isChecked ? 'x' : ' ') + content.slice(task.mark + 1)
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
