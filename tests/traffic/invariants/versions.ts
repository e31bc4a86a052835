import { isDeepStrictEqual } from 'node:util'
import { answersWithFields } from './documented.ts'
import { type Hold, type Invariant, truthful } from './invariant.ts'
import { type Fields, isFields, micros, notesIn, type Seen } from './seen.ts'

/** What a version of a note has for good. */
const KEPT = ['title', 'content', 'tags', 'is_public', 'is_pinned', 'is_archived'] as const
/** Operations that answer with the version that they have just made, if they made one. */
const WRITERS = new Set(['createNote', 'updateNote', 'patchNote', 'editNote', 'restoreRevision'])
/** Two clocks of one machine. Milliseconds. */
const TOLERANCE = 5

const ofNotes = answersWithFields('owner_id', 'version')

/** "Every note has a `version` that rises with each change"; history returns "the note as it was in that version, to the letter". */
export const versions: Invariant = {
  title: 'A version is one state of a note',
  concerns: [...ofNotes, 'listRevisions 200', 'getRevision 200', 'compareRevisions 200', 'created_by', 'rises'],
  judge: (traffic, hold) => {
    const known: Known = { states: new Map(), authors: new Map(), latest: new Map() }
    const sound = truthful(traffic).filter(({ isHead }) => !isHead)
    for (const seen of sound) {
      for (const note of notesIn(seen.body)) learn(seen, note, known, hold)
      learnAuthor(seen, known)
    }
    for (const seen of sound) judgeHistory(seen, known, hold)
    judgeRising(known.states, hold)
  },
}

interface Known {
  readonly states: Map<string, Fields>
  /** Who made a version. */
  readonly authors: Map<string, { readonly kind: string; readonly id: string }>
  readonly latest: Map<string, { readonly version: number; readonly ended: number }>
}

function learn(seen: Seen, note: Fields, { states, latest }: Known, hold: Hold): void {
  const concern = `${seen.operationId} ${seen.status}`
  const [id, version] = [String(note['id']), Number(note['version'])]
  const state = states.get(`${id} ${version}`) ?? note
  states.set(`${id} ${version}`, { ...note, ...state })
  // A summary has no content.
  const isSummary = !('content' in state && 'content' in note)
  const differing = [...KEPT, 'owner_id', 'created_at', 'updated_at'].filter(
    (name) => !(isSummary && name === 'content') && !isDeepStrictEqual(state[name], note[name]),
  )
  hold(concern, seen, differing.length === 0, `${differing.join()} of a version that had another`)
  const last = latest.get(id)
  const isReplay = seen.headers['idempotency-replayed'] !== undefined
  if (last !== undefined && last.ended < seen.began && !isReplay)
    hold(concern, seen, last.version <= version, `version ${version} after ${last.version}`)
  if (version >= (last?.version ?? 0)) latest.set(id, { version, ended: seen.ended })
}

function learnAuthor({ operationId, status, body, sender, began, headers }: Seen, { authors }: Known): void {
  const [note] = notesIn(body)
  if (!WRITERS.has(operationId) || status >= 300 || note === undefined || sender === undefined) return
  const isNew = micros(note['updated_at']) / 1_000 >= began - TOLERANCE && headers['idempotency-replayed'] === undefined
  if (isNew) authors.set(`${String(note['id'])} ${String(note['version'])}`, { kind: sender.kind, id: sender.id })
}

function judgeHistory(seen: Seen, known: Known, hold: Hold): void {
  const { operationId, status, params, items, answer } = seen
  const concern = `${operationId} ${status}`
  const noteId = params['note_id']?.toLowerCase() ?? ''
  if (concern === 'getRevision 200') {
    hold(concern, seen, answer['version'] === Number(params['version']), `version ${String(answer['version'])}`)
    judgeRevision(seen, noteId, answer, KEPT, known, hold)
  }
  if (concern === 'listRevisions 200')
    for (const revision of items) judgeRevision(seen, noteId, revision, ['title'], known, hold)
  if (isFields(answer['base']) && isFields(answer['current'])) {
    judgeRevision(seen, String(answer['current']['id']), answer['base'], KEPT, known, hold)
  }
  if (concern === 'compareRevisions 200') judgeComparison(seen, noteId, known, hold)
}

function judgeRevision(
  seen: Seen,
  noteId: string,
  revision: Fields,
  names: readonly string[],
  known: Known,
  hold: Hold,
): void {
  const concern = `${seen.operationId} ${seen.status}`
  const name = `${noteId} ${String(revision['version'])}`
  const state = known.states.get(name)
  if (state !== undefined) {
    const wrong = names.filter((field) => field in state && !isDeepStrictEqual(state[field], revision[field]))
    hold(concern, seen, wrong.length === 0, `${wrong.join()} is not as it was in that version`)
    hold(
      concern,
      seen,
      state['updated_at'] === revision['created_at'],
      'created_at is not when that version was written',
    )
  }
  const author = known.authors.get(name)
  if (author !== undefined)
    hold(
      'created_by',
      seen,
      isDeepStrictEqual(author, revision['created_by']),
      `made by ${JSON.stringify(revision['created_by'])}`,
    )
}

function judgeComparison(seen: Seen, noteId: string, { states }: Known, hold: Hold): void {
  const { answer, params, query } = seen
  const [from, to] = [Number(answer['from_version']), Number(answer['to_version'])]
  const wanted = [Number(params['version']), Number(query.get('against') ?? to)]
  hold(
    'compareRevisions 200',
    seen,
    isDeepStrictEqual([from, to], wanted),
    `versions ${from} and ${to} instead of ${wanted.join(' and ')}`,
  )
  const [before, after] = [states.get(`${noteId} ${from}`), states.get(`${noteId} ${to}`)]
  if (before === undefined || after === undefined) return
  const differing = KEPT.filter((name) => !isDeepStrictEqual(before[name], after[name])).toSorted()
  const told = (answer['changed'] as readonly string[]).toSorted()
  hold(
    'compareRevisions 200',
    seen,
    differing.join() === told.join(),
    `changed ${told.join()} where ${differing.join()} differ`,
  )
  hold(
    'compareRevisions 200',
    seen,
    isDiff(String(answer['diff']), before, after),
    'the diff is not of these two texts',
  )
}

/** Whether each line that goes is in the one text and each that comes in the other, and there are such lines where they differ. */
function isDiff(
  diff: string,
  { content: before, version: from }: Fields,
  { content: after, version: to }: Fields,
): boolean {
  if (before === after) return diff === ''
  const lines = diff.split('\n')
  if (lines[0] !== `--- version ${String(from)}` || lines[1] !== `+++ version ${String(to)}`) return false
  const [gone, come] = ['-', '+'].map((mark) =>
    lines.slice(2).flatMap((line) => (line.startsWith(mark) ? [line.slice(1)] : [])),
  )
  const [old, fresh] = [before, after].map((text) => new Set(String(text).split('\n')))
  const isRight = gone?.every((line) => old?.has(line)) === true && come?.every((line) => fresh?.has(line)) === true
  return isRight && gone.length + come.length > 0
}

/** A later version was written later. */
function judgeRising(states: ReadonlyMap<string, Fields>, hold: Hold): void {
  const byNote = Map.groupBy(states.values(), ({ id }) => String(id))
  for (const notes of byNote.values()) {
    const sorted = notes.toSorted((a, b) => Number(a['version']) - Number(b['version']))
    for (const [index, note] of sorted.slice(1).entries()) {
      const before = sorted[index]
      const isLater = micros(before?.['updated_at']) < micros(note['updated_at'])
      hold('rises', `version ${String(note['version'])}`, isLater, 'updated_at is not later than in the version before')
      hold(
        'rises',
        `version ${String(note['version'])}`,
        before?.['created_at'] === note['created_at'],
        'created_at has changed',
      )
    }
  }
}
