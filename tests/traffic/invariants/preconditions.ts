import { operations } from '../../contract/harness/document-examples.ts'
import { type Hold, type Invariant, ours } from './invariant.ts'
import { type Fields, isFields, isSuccess, notesIn, type Seen, strings, tagsOf } from './seen.ts'

const conditional = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'If-Match'))
const refusing = conditional.map(({ operationId }) => `${operationId} 412`)

/** "Send it back as `If-Match` when you write: if somebody changed the note since you read it, you get 412." */
export const preconditions: Invariant = {
  title: 'If-Match lets through the version that it names and no other',
  concerns: [
    ...refusing,
    ...conditional.filter(({ responses }) => responses.has(200)).map(({ operationId }) => `${operationId} 200`),
    'conflicts',
  ],
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      const { operationId, status, asked, answer, body } = seen
      if (!conditional.some((operation) => operation.operationId === operationId)) continue
      const concern = `${operationId} ${status}`
      const named = namedVersions(asked['if-match'])
      if (status === 412) judgeRefusal(seen, named ?? [], hold)
      // A refusal shows what was read, by a weak tag too; a merge begins at what a strong tag names.
      const read = [...(named ?? []), ...(status === 412 ? weaklyNamedVersions(asked['if-match']) : [])]
      if (isFields(answer['base'])) judgeBase(seen, answer['base'], read, hold)
      if (Array.isArray(answer['conflicts'])) judgeConflicts(seen, answer['conflicts'].filter(isFields), hold)
      const isMerging = seen.query.get('on_conflict') === 'merge'
      if (named === undefined || !isSuccess(seen) || isMerging || seen.headers['idempotency-replayed'] !== undefined)
        continue
      const [note] = notesIn(body)
      if (note === undefined) continue
      const version = Number(note['version'])
      // What it answers with is either the version it found or the one it made of that.
      const isNamed = named.includes(version) || (answer['dry_run'] !== true && named.includes(version - 1))
      hold(concern, seen, isNamed, `version ${version} for If-Match: ${asked['if-match']}`)
    }
  },
}

/** The versions that an If-Match lets through; undefined for any. */
export function namedVersions(header: string | undefined): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  return tagsOf(header).flatMap((tag) => (/^"[1-9]\d*"$/.test(tag) ? [Number(tag.slice(1, -1))] : []))
}

function weaklyNamedVersions(header = ''): number[] {
  return tagsOf(header).flatMap((tag) => (/^W\/"[1-9]\d*"$/.test(tag) ? [Number(tag.slice(3, -1))] : []))
}

function judgeRefusal(seen: Seen, named: readonly number[], hold: Hold): void {
  const { current } = seen.answer
  const version = isFields(current) ? Number(current['version']) : Number.NaN
  hold(`${seen.operationId} 412`, seen, seen.asked['if-match'] !== undefined, 'refused without If-Match')
  hold(
    `${seen.operationId} 412`,
    seen,
    !named.includes(version),
    `version ${version} refused to ${seen.asked['if-match']}`,
  )
  const isWeak = weaklyNamedVersions(seen.asked['if-match']).includes(version)
  const isToldWeak = seen.answer['type'] === '/problems/weak-etag'
  hold(
    `${seen.operationId} 412`,
    seen,
    isWeak === isToldWeak,
    `${String(seen.answer['type'])} for ${seen.asked['if-match']}`,
  )
}

/** "The 412 also has `base`, the version you read." */
function judgeBase(seen: Seen, base: Fields, named: readonly number[], hold: Hold): void {
  const { current } = seen.answer
  const before = named.filter((version) => isFields(current) && version < Number(current['version']))
  const isRight = before.length > 0 && base['version'] === Math.max(...before)
  hold(
    `${seen.operationId} ${seen.status}`,
    seen,
    isRight,
    `base is version ${String(base['version'])}, read was ${before.join()}`,
  )
}

/** "The line of `base` at which the place begins"; and the three texts stand where they are said to. */
function judgeConflicts(seen: Seen, conflicts: readonly Fields[], hold: Hold): void {
  const { base, current } = seen.answer
  if (!isFields(base) || !isFields(current)) return
  for (const conflict of conflicts) {
    const field = String(conflict['field'])
    const lines = String(base[field]).split('\n')
    const line = Number(conflict['line'])
    const place = lines.slice(line - 1).join('\n')
    const text = String(conflict['base'])
    const isThere =
      line >= 1 &&
      line <= lines.length + 1 &&
      place.indexOf(text) <= (lines[line - 1]?.length ?? 0) &&
      place.includes(text)
    hold('conflicts', seen, isThere, `line ${line} of base does not begin with what is said to stand there`)
    const holdsTheirs = String(current[field]).includes(String(conflict['theirs']))
    const holdsMine = String(seen.given[field] ?? base[field]).includes(String(conflict['mine']))
    hold('conflicts', seen, holdsTheirs && holdsMine, '`mine` or `theirs` is not in that text')
  }
  hold(
    'conflicts',
    seen,
    /\b1 place\b/.test(String(seen.answer['detail'])) === (conflicts.length === 1),
    'the number of places is another one',
  )
  hold('conflicts', seen, strings(conflicts).length > 0, 'a conflict without a place')
}
