import { type Hold, type Invariant, truthful } from './invariant.ts'
import { type Fields, isSuccess, micros, ofToken, type Seen } from './seen.ts'

/** A session or key that traffic saw begin, and what may have ended it. */
interface Credential {
  readonly id: string
  readonly userId: string
  readonly kind: 'session' | 'api_key'
  readonly began: Seen
  readonly shown: Fields
  /** Every secret that stands for it. */
  readonly secrets: Set<string>
  /** When something that may have ended it began, in milliseconds. */
  perhapsOver: number
  /** When it was certainly over, and by which operation. */
  over: { readonly at: number; readonly by: string } | undefined
  lastUse: { readonly began: number; readonly ended: number }
  /** What each refresh token was exchanged for. */
  readonly successors: Map<string, string>
}

/** Sessions that rest for less are not judged: they may end by themselves. */
const SHORT_SECONDS = 600
const FIVE_MINUTES = 300_000
const TOLERANCE = 3_000
const MOST_SESSIONS = 100
/** The bound of `user_agent`. */
const LONGEST_NAME = 200

/** What ends a credential, and the lists of those that go on. */
export const credentials: Invariant = {
  title: 'A credential works until it is ended, and is listed as long',
  concerns: [
    'listSessions',
    'listApiKeys',
    'last_used_at',
    'refresh',
    'origin',
    'revokeSession',
    'revokeToken',
    'changePassword',
    'revokeApiKey',
  ],
  judge: (traffic, hold) => {
    const all = new Map<string, Credential>()
    for (const seen of truthful(traffic)) {
      judgeUse(seen, all, hold)
      judgeList(seen, all, hold)
      learnBeginning(seen, all, hold)
      learnEnd(seen, all)
    }
  },
}

function learnBeginning(seen: Seen, all: Map<string, Credential>, hold: Hold): void {
  const { operationId, answer, given, sender, server } = seen
  if (!isSuccess(seen)) return
  const fresh = {
    began: seen,
    shown: answer,
    perhapsOver: Number.POSITIVE_INFINITY,
    over: undefined,
    lastUse: { began: 0, ended: 0 },
    successors: new Map<string, string>(),
  }
  if (operationId === 'createApiKey' && sender !== undefined) {
    const [id, key] = [String(answer['id']), String(answer['key'])]
    all.set(id, { ...fresh, id, userId: sender.userId, kind: 'api_key', secrets: new Set([key]) })
  }
  if (operationId !== 'createToken' || server.settings.refreshTokenSeconds < SHORT_SECONDS) return
  const token = ofToken(String(answer['access_token']))
  if (token === undefined) return
  const known = all.get(token.id)
  const secrets = [String(answer['access_token']), String(answer['refresh_token'])]
  if (given['grant_type'] === 'refresh_token') {
    const before = [...all.values()].find((credential) => credential.secrets.has(String(given['refresh_token'])))
    const isAnother = before !== undefined && (before.id !== token.id || before.userId !== token.userId)
    hold('refresh', seen, !isAnother, 'the tokens are of another session')
    const [accessToken = '', refreshToken = ''] = secrets
    const successor = before?.successors.get(String(given['refresh_token']))
    const isSuccessor =
      successor === undefined ? before?.secrets.has(refreshToken) !== true : successor === refreshToken
    const isNew = isSuccessor && before?.secrets.has(accessToken) !== true
    hold('refresh', seen, isNew, 'a token is neither new nor the one that the same refresh token got before')
    before?.successors.set(String(given['refresh_token']), refreshToken)
  }
  if (known !== undefined) {
    for (const secret of secrets) known.secrets.add(secret)
    known.lastUse = seen
  } else if (given['grant_type'] !== 'refresh_token') {
    all.set(token.id, {
      ...fresh,
      id: token.id,
      userId: token.userId,
      kind: 'session',
      secrets: new Set(secrets),
      lastUse: seen,
    })
  }
}

function learnEnd(seen: Seen, all: ReadonlyMap<string, Credential>): void {
  const { operationId, params, given, sender, status, began, ended } = seen
  const end = (credential: Credential | undefined): void => {
    if (credential === undefined) return
    credential.perhapsOver = Math.min(credential.perhapsOver, began)
    if (isSuccess(seen)) credential.over ??= { at: ended, by: operationId }
  }
  if (status === 401 && operationId !== 'createToken') return
  switch (operationId) {
    case 'revokeSession':
      if (all.get(params['session_id'] ?? '')?.userId === sender?.userId) end(all.get(params['session_id'] ?? ''))
      break
    case 'revokeApiKey':
      if (all.get(params['key_id'] ?? '')?.userId === sender?.userId) end(all.get(params['key_id'] ?? ''))
      break
    case 'revokeToken':
      end([...all.values()].find(({ secrets }) => secrets.has(String(given['token']))))
      break
    case 'changePassword': {
      const theirs = [...all.values()].filter(({ userId, id }) => userId === sender?.userId && id !== sender?.id)
      for (const one of theirs) if (one.kind === 'session' || given['revoke_api_keys'] !== false) end(one)
      break
    }
    case 'deleteMe':
      for (const one of [...all.values()].filter(({ userId }) => userId === sender?.userId)) end(one)
      break
    case 'createToken':
      // A token that was used before may have ended its session.
      if (status !== 200)
        [...all.values()].filter(({ secrets }) => secrets.has(String(given['refresh_token']))).forEach(perhaps(began))
      break
    default:
  }
}

function perhaps(began: number) {
  return (credential: Credential): void => void (credential.perhapsOver = Math.min(credential.perhapsOver, began))
}

function judgeUse(seen: Seen, all: ReadonlyMap<string, Credential>, hold: Hold): void {
  const credential = seen.sender === undefined ? undefined : all.get(seen.sender.id)
  if (credential === undefined || seen.operation.security.length === 0) return
  const isAnswered = isSuccess(seen) || seen.status === 304
  const { over } = credential
  if (over !== undefined && over.at < seen.began)
    hold(over.by, seen, !isAnswered, `answered with a credential that ${over.by} had ended`)
  if (credential.kind === 'api_key' && isAnswered) credential.lastUse = seen
}

function judgeList(seen: Seen, all: ReadonlyMap<string, Credential>, hold: Hold): void {
  const kind =
    seen.operationId === 'listSessions' ? 'session' : seen.operationId === 'listApiKeys' ? 'api_key' : undefined
  if (kind === undefined || seen.status !== 200 || seen.isHead) return
  const listed = new Map(seen.items.map((item) => [String(item['id']), item]))
  for (const credential of all.values()) {
    if (credential.kind !== kind) continue
    const { id, userId, perhapsOver, over, began, shown, lastUse } = credential
    const item = listed.get(id)
    if (userId !== seen.sender?.userId)
      hold(seen.operationId, seen, item === undefined, 'lists what belongs to another')
    else if (over !== undefined && over.at < seen.began)
      hold(seen.operationId, seen, item === undefined, `lists what ${over.by} had ended`)
    else if (perhapsOver > seen.ended && began.ended < seen.began && listed.size < MOST_SESSIONS) {
      hold(seen.operationId, seen, item !== undefined, `does not list what ${began.operationId} made`)
      if (item === undefined) continue
      const changed = ['name', 'hint', 'created_at', 'expires_at'].filter(
        (name) => kind === 'api_key' && item[name] !== shown[name],
      )
      hold(seen.operationId, seen, changed.length === 0, `${changed.join()} is not as it was when it was made`)
      if (kind === 'session') judgeOrigin(seen, item, began, hold)
      const used = micros(item['last_used_at']) / 1_000
      const patience = kind === 'api_key' ? FIVE_MINUTES : TOLERANCE
      const isCertain = lastUse.began > 0 && lastUse.ended < seen.began
      if (isCertain)
        hold('last_used_at', seen, used >= lastUse.began - patience, `last_used_at ${String(item['last_used_at'])}`)
    }
  }
}

/** "Where the login came from", "what the program called itself", and how long the session may rest. */
function judgeOrigin(seen: Seen, item: Fields, login: Seen, hold: Hold): void {
  // Through a proxy it came from elsewhere.
  const isHere = item['address'] === '127.0.0.1' || login.asked['x-forwarded-for'] !== undefined
  const agent = login.asked['user-agent'] ?? null
  const isSo = item['user_agent'] === agent || (agent ?? '').length > LONGEST_NAME
  hold('origin', seen, isHere && isSo, `a login from ${String(item['address'])} with ${String(item['user_agent'])}`)
  const rest = (micros(item['expires_at']) - micros(item['last_used_at'])) / 1_000_000
  hold('origin', seen, rest <= seen.server.settings.refreshTokenSeconds, `a session that may rest for ${rest} s`)
}
