import { object } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { document, operations } from '../../contract/harness/document-examples.ts'
import { type Hold, type Invariant, ours } from './invariant.ts'
import { isSuccess, ofToken, type Seen, type Sender, strings } from './seen.ts'

const schemes = object(object(document.root['components'])['securitySchemes'])
/** Every scope of the contract, in its order. */
const all = Object.keys(object(object(object(object(schemes['oauth2'])['flows'])['password'])['scopes']))
const ofKeys = (object(object(object(document.root['components'])['schemas'])['ApiKeyScope'])['enum'] ??
  []) as readonly string[]

/** Which scheme of the contract a credential belongs to. */
const SCHEMES = { session: 'oauth2', api_key: 'apiKey' } as const

const guarded = operations.filter(({ security }) => security.length > 0)
const scoped = guarded.filter(({ responses }) => responses.has(403))

/** "A refresh never gives more than its session has"; "no scope that the session asking does not have". */
export const scopes: Invariant = {
  title: 'No credential has more than it was given',
  concerns: [
    'createToken login',
    'createToken refresh',
    'createApiKey 201',
    'getCredential 200',
    'listSessions 200',
    'listApiKeys 200',
    ...guarded.map(({ operationId }) => `${operationId} allowed`),
    ...scoped
      .filter(({ operationId }) => operationId !== 'registerUser')
      .map(({ operationId }) => `${operationId} 403`),
  ],
  judge: (traffic, hold) => {
    const given: Given = { sessions: new Map(), keys: new Map() }
    for (const seen of ours(traffic)) {
      if (seen.isHead) continue
      if (isSuccess(seen) || seen.status === 304) {
        judgeUse(seen, hold)
        JUDGES[seen.operationId]?.(seen, hold, given)
      }
      if (seen.answer['type'] === '/problems/insufficient-scope') judgeRefusal(seen, hold)
    }
  },
}

interface Given {
  readonly sessions: Map<string, readonly string[]>
  readonly keys: Map<string, readonly string[]>
}

const JUDGES: Readonly<Record<string, (seen: Seen, hold: Hold, given: Given) => void>> = {
  createToken: (seen, hold, { sessions }) => {
    const { answer, given } = seen
    const got = words(answer['scope'])
    const token = ofToken(String(answer['access_token']))
    const isRefresh = given['grant_type'] === 'refresh_token'
    const concern = `createToken ${isRefresh ? 'refresh' : 'login'}`
    if (!isRefresh && token !== undefined) sessions.set(token.id, got)
    const mayHave = sessions.get(token?.id ?? '')
    const wanted = words(given['scope'])
    const right = wanted.length > 0 ? wanted : isRefresh ? mayHave : all
    hold(
      concern,
      seen,
      right === undefined || same(got, right),
      `asked for "${wanted.join(' ')}" of ${mayHave?.join(' ')}, got ${got.join(' ')}`,
    )
    hold(
      concern,
      seen,
      mayHave === undefined || isWithin(got, mayHave),
      `${got.join(' ')} of a session with ${mayHave?.join(' ')}`,
    )
    hold(
      concern,
      seen,
      same(token?.scopes ?? [], got),
      `a token with ${token?.scopes.join(' ')} is said to have ${got.join(' ')}`,
    )
  },
  createApiKey: (seen, hold, { keys }) => {
    const got = strings(seen.answer['scopes'])
    keys.set(String(seen.answer['id']), got)
    hold(
      'createApiKey 201',
      seen,
      same(got, strings(seen.given['scopes'])),
      `a key with ${got.join(' ')} was not asked for`,
    )
    hold(
      'createApiKey 201',
      seen,
      isWithin(got, seen.sender?.scopes ?? []),
      `a key with ${got.join(' ')}, more than its maker has`,
    )
    hold('createApiKey 201', seen, isWithin(got, ofKeys), `a key with ${got.join(' ')}, more than keys get`)
  },
  getCredential: (seen, hold) => {
    const { sender, answer } = seen
    if (sender === undefined) return
    const [got, had] = [strings(answer['scopes']), sender.scopes.filter((scope) => all.includes(scope))]
    hold('getCredential 200', seen, same(got, had), `has ${had.join(' ')}, is told ${got.join(' ')}`)
    hold(
      'getCredential 200',
      seen,
      answer['kind'] === sender.kind && answer['id'] === sender.id,
      'is told of another credential',
    )
    const callable = operations.filter((operation) => may(sender, operation)).map(({ operationId }) => operationId)
    const told = strings(answer['operations'])
    hold('getCredential 200', seen, same(told, callable), `may call ${callable.join()}, is told ${told.join()}`)
  },
  listSessions: (seen, hold, { sessions }) => {
    for (const session of seen.items) {
      const known = sessions.get(String(session['id']))
      if (known !== undefined)
        hold('listSessions 200', seen, same(strings(session['scopes']), known), 'a session with scopes of another')
    }
  },
  listApiKeys: (seen, hold, { keys }) => {
    for (const key of seen.items) {
      const known = keys.get(String(key['id']))
      if (known !== undefined)
        hold('listApiKeys 200', seen, same(strings(key['scopes']), known), 'a key with scopes of another')
    }
  },
}

/** A credential that was answered had the scopes for it. */
function judgeUse(seen: Seen, hold: Hold): void {
  if (seen.operation.security.length === 0 || seen.sender === undefined) return
  const { kind, scopes: has } = seen.sender
  hold(
    `${seen.operationId} allowed`,
    seen,
    may(seen.sender, seen.operation),
    `was allowed to ${kind} with ${has.join(' ')}`,
  )
}

/** "Use a credential with `missing_scopes`." */
function judgeRefusal(seen: Seen, hold: Hold): void {
  const { sender, operation, answer, headers } = seen
  if (sender === undefined) return
  const concern = `${seen.operationId} 403`
  hold(concern, seen, !may(sender, operation), 'was refused what it may do')
  const [missing, granted] = [strings(answer['missing_scopes']), strings(answer['granted_scopes'])]
  const had = sender.scopes.filter((scope) => all.includes(scope))
  hold(concern, seen, same(granted, had), `granted_scopes ${granted.join(' ')} of one with ${had.join(' ')}`)
  const needed = operation.security.flatMap((requirement) => Object.values(requirement).flat())
  const lacking = [...new Set(needed)].filter((scope) => !had.includes(scope))
  hold(concern, seen, same(missing, lacking.length > 0 ? lacking : needed), `missing_scopes ${missing.join(' ')}`)
  const challenge = /scope="([^"]*)"/.exec(headers['www-authenticate'] ?? '')?.[1]
  hold(concern, seen, challenge === missing.join(' '), `WWW-Authenticate asks for ${challenge}`)
}

function may({ kind, scopes: has }: Sender, { security }: Operation): boolean {
  if (security.length === 0) return true
  const scheme = SCHEMES[kind]
  return security.some((requirement) =>
    Object.entries(requirement).every(([name, wanted]) => name === scheme && isWithin(wanted, has)),
  )
}

function words(text: unknown): string[] {
  return typeof text === 'string' ? text.split(' ').filter((word) => word !== '') : []
}

function isWithin(some: readonly string[], more: readonly string[]): boolean {
  return some.every((one) => more.includes(one))
}

function same(some: readonly string[], others: readonly string[]): boolean {
  return [...new Set(some)].toSorted().join() === [...new Set(others)].toSorted().join()
}
