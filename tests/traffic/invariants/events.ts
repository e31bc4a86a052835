import type { OperationId } from '../../../src/contract/types.ts'
import { type Invariant, truthful } from './invariant.ts'
import { type Fields, isFields, micros, ofToken, type Seen } from './seen.ts'

/** What an exchange did to an account that its list of security events has to tell. */
interface Act {
  readonly userId: string
  readonly type: string
  readonly subject: string | null
  readonly seen: Seen
}

type Read = (seen: Seen, accounts: ReadonlyMap<string, string>) => Omit<Act, 'seen'> | undefined
const nothing = undefined

/** For each operation. A new one does not compile until it is said what it has to tell. */
const ACTS: Readonly<Record<OperationId, Read | undefined>> = {
  registerUser: ({ status, answer }) =>
    status === 201 ? { userId: String(answer['id']), type: 'registered', subject: null } : undefined,
  createToken: ({ status, answer, given }, accounts) => {
    if (given['grant_type'] === 'refresh_token') return undefined
    const token = ofToken(String(answer['access_token']))
    if (status === 200 && token !== undefined) return { userId: token.userId, type: 'login', subject: token.id }
    const userId = accounts.get(emailKey(given['username']))
    return status === 401 && userId !== undefined ? { userId, type: 'login_failed', subject: null } : undefined
  },
  // Holding a token is no proof of whose it is, so the invariant of what was ended looks after it.
  revokeToken: nothing,
  getMe: nothing,
  updateMe: (seen) => ofSender(seen, 200, 'email_changed'),
  deleteMe: (seen) => ofSender(seen, 0, ''),
  changePassword: (seen) => ofSender(seen, 204, 'password_changed'),
  getCredential: nothing,
  listSessions: nothing,
  revokeSession: (seen) => ofSender(seen, 204, 'session_revoked', seen.params['session_id']),
  listSecurityEvents: nothing,
  listApiKeys: nothing,
  createApiKey: (seen) => ofSender(seen, 201, 'api_key_created', String(seen.answer['id'])),
  revokeApiKey: (seen) => ofSender(seen, 204, 'api_key_revoked', seen.params['key_id']),
  listNotes: nothing,
  listNoteSummaries: nothing,
  createNote: nothing,
  getNote: nothing,
  updateNote: nothing,
  patchNote: nothing,
  deleteNote: nothing,
  editNote: nothing,
  changeNotes: nothing,
  listRevisions: nothing,
  getRevision: nothing,
  compareRevisions: nothing,
  restoreRevision: nothing,
  listTags: nothing,
  renameTags: nothing,
  listTrash: nothing,
  emptyTrash: nothing,
  eraseNote: nothing,
  restoreNote: nothing,
  listChanges: nothing,
  streamChanges: nothing,
  getHealth: nothing,
  getLiveness: nothing,
}

/** Milliseconds between an act and its row. */
const TOLERANCE = 1_000

/** "Returns logins, failed logins, changes of password and e-mail, API keys made and revoked, and more." */
export const events: Invariant = {
  title: 'The list of security events tells of each act',
  concerns: [
    'registered',
    'login',
    'login_failed',
    'email_changed',
    'password_changed',
    'session_revoked',
    'api_key_created',
    'api_key_revoked',
  ],
  judge: (traffic, hold) => {
    const sound = truthful(traffic)
    const acts = actsIn(sound)
    const byUser = Map.groupBy(
      acts.toSorted((a, b) => a.seen.began - b.seen.began),
      ({ userId }) => userId,
    )
    for (const list of sound) {
      if (list.operationId !== 'listSecurityEvents' || list.status !== 200 || list.isHead || list.query.has('cursor'))
        continue
      const left = [...list.items]
      const oldest =
        list.headers['link'] === undefined ? 0 : micros(list.items.at(-1)?.['created_at']) / 1_000 + TOLERANCE
      const due = (byUser.get(list.sender?.userId ?? '') ?? []).filter(
        ({ seen }) => seen.ended < list.began && seen.began > oldest,
      )
      for (const act of due) {
        // The first of those that are left: the list begins with the newest, the acts with the oldest.
        const index = left.findLastIndex((event) => tells(event, act))
        hold(act.type, list, index >= 0, `no ${act.type} of ${act.seen.operationId}`)
        if (index >= 0) left.splice(index, 1)
      }
    }
  },
}

function actsIn(sound: readonly Seen[]): Act[] {
  const accounts = new Map<string, string>()
  return sound.flatMap((seen) => {
    const { operationId, status, answer, given, sender } = seen
    if (operationId === 'registerUser' && status === 201) accounts.set(emailKey(answer['email']), String(answer['id']))
    if (operationId === 'updateMe' && status === 200 && sender !== undefined)
      accounts.set(emailKey(given['email']), sender.userId)
    const act = ACTS[operationId as OperationId]?.(seen, accounts)
    return act === undefined ? [] : [{ ...act, seen }]
  })
}

/** What the owner of the credential did; or failed to do, for a wrong password. */
function ofSender(
  { sender, status, answer }: Seen,
  success: number,
  type: string,
  subject: string | null = null,
): Omit<Act, 'seen'> | undefined {
  if (sender === undefined) return undefined
  if (status === success) return { userId: sender.userId, type, subject }
  const { errors } = answer
  const isWrong = Array.isArray(errors) && errors.filter(isFields).some((error) => error['type'] === 'password_wrong')
  return isWrong ? { userId: sender.userId, type: 'login_failed', subject: null } : undefined
}

function tells(event: Fields, { type, subject, seen }: Act): boolean {
  const moment = micros(event['created_at']) / 1_000
  const isThen = moment > seen.began - TOLERANCE && moment < seen.ended + TOLERANCE
  // Who sends through a proxy comes from elsewhere.
  const isHere = event['address'] === '127.0.0.1' || seen.asked['x-forwarded-for'] !== undefined
  return event['type'] === type && event['subject_id'] === subject && isThen && isHere
}

function emailKey(email: unknown): string {
  const [, local = '', domain = ''] = /^(.*)@(.*)$/.exec(String(email).trim().normalize('NFKC').toLowerCase()) ?? []
  return `${local}@${URL.parse(`http://${domain}`)?.hostname ?? domain}`
}
