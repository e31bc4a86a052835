/** The contract as types: what a handler receives and what it may reply, derived from `generated/`. Types only. */
import type { operations } from '../../generated/openapi.d.ts'
import type { DefaultedQuery, OptionalReplyHeaders, ReplyEvents } from '../../generated/refinements.d.ts'
import type { Scope, security } from '../../generated/security.ts'
import type { EntityTag, EntityTags } from './request/entity-tags.ts'

export type OperationId = keyof operations & keyof typeof security
export type { EntityTag, EntityTags, Scope }

/** The authenticated account and its credential. */
export interface Caller {
  readonly userId: string
  readonly credential: { readonly kind: 'session' | 'api_key'; readonly id: string }
  readonly scopes: readonly Scope[]
  /** When the credential expires, in milliseconds since 1970. */
  readonly expiresAt?: number
}

/** The network peer that sent the request, as the connection or a trusted proxy reports it. */
export interface Client {
  /** Without a port. An IPv6 client controls its whole /64, so an IPv6 address is cut to that. */
  readonly address: string
  /** The `User-Agent`: printable, shortened, and not to be trusted. */
  readonly userAgent: string | undefined
}

type NoMembers = Record<never, never>
type Known<T> = { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] }
type Simplify<T> = { [K in keyof T]: T[K] }
type Present<T> = [NonNullable<T>] extends [never] ? NoMembers : NonNullable<T>

type Parameters<K extends OperationId> = operations[K]['parameters']
type BodyOf<K extends OperationId> = operations[K] extends { requestBody: { content: infer C } }
  ? C[keyof C]
  : undefined

type Query<K extends OperationId> = Present<Parameters<K>['query']>
type FilledQuery<K extends OperationId> = Query<K> & Required<Pick<Query<K>, DefaultedQuery[K] & keyof Query<K>>>

/** What identifies a request, for operations that take an Idempotency-Key. */
export interface IdempotentRequest {
  readonly userId: string
  readonly operation: string
  /** undefined: the request takes effect each time it is sent. */
  readonly key: string | undefined
  /** The whole request but its key. */
  readonly request: unknown
}

/** A validated request: parameters coerced, defaults filled in, the body as the contract describes it. */
export type Request<K extends OperationId> = {
  readonly path: Readonly<Present<Parameters<K>['path']>>
  readonly query: Readonly<FilledQuery<K>>
  readonly headers: Readonly<Present<Parameters<K>['header']>>
  readonly body: BodyOf<K>
  /** If-Match and If-None-Match, where the operation takes them. */
  readonly ifMatch: EntityTags | undefined
  readonly ifNoneMatch: EntityTags | undefined
  /** The value of Link for the page that begins at a cursor: the request as it came, with that cursor. */
  readonly nextPage: (cursor: string) => string
  readonly client: Client
  /** Aborted when the client is gone, when the operation's time is up, and when the server ends a stream. */
  readonly signal: AbortSignal
} & ((typeof security)[K] extends null ? unknown : { readonly caller: Caller; readonly idempotency: IdempotentRequest })

/** Headers that the dispatcher adds to replies, so that no handler has to. */
type AddedHeaders = 'X-Request-Id' | 'RateLimit' | 'RateLimit-Policy' | 'Deprecation' | 'Sunset'

type Responses<K extends OperationId> = operations[K]['responses']
/** Success and redirection; a failure is thrown as a Problem. */
export type StatusOf<K extends OperationId> = Extract<keyof Responses<K>, 200 | 201 | 204 | 304>
type ResponseOf<K extends OperationId, S extends StatusOf<K>> = Responses<K>[S]
/** An event that an operation documents; `data` fits the name. */
export type EventOf<K extends OperationId> = {
  [E in keyof ReplyEvents[K]]: { readonly event: E; readonly id?: string; readonly data: ReplyEvents[K][E] }
}[keyof ReplyEvents[K]]

type ReplyBody<K extends OperationId, R> = R extends { content: { 'text/event-stream': unknown } }
  ? AsyncIterable<EventOf<K>>
  : Streamable<JsonBody<R>>
/** An array may also be sent item by item, as the client reads it. */
type Streamable<B> = B extends readonly (infer I)[] ? B | AsyncIterable<I> : B
type JsonBody<R> = R extends { content: infer C }
  ? [NonNullable<C>] extends [never]
    ? undefined
    : C[keyof C]
  : undefined
type AllHeaders<R> = R extends { headers: infer H } ? Omit<Known<H>, AddedHeaders> : NoMembers
type ReplyHeaders<K extends OperationId, R> = Simplify<
  Omit<AllHeaders<R>, OptionalReplyHeaders[K]> &
    Partial<Pick<AllHeaders<R>, OptionalReplyHeaders[K] & keyof AllHeaders<R>>>
>

type HeaderArguments<H> = [keyof H] extends [never] ? [] : Partial<H> extends H ? [headers?: H] : [headers: H]
type ReplyArguments<B, H> = [B] extends [undefined]
  ? [keyof H] extends [never]
    ? []
    : [body: undefined, ...headers: HeaderArguments<H>]
  : [body: B, ...headers: HeaderArguments<H>]

declare const operation: unique symbol

/** A reply that the contract documents for operation K. Only a `ReplyTo<K>` makes one. */
export interface Reply<K extends OperationId> {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | number | undefined>>
  readonly [operation]: K
}

/** Makes replies for one operation: `reply(200, note, { ETag })`. It is bound to K, so excess fields do not compile. */
export type ReplyTo<K extends OperationId> = <S extends StatusOf<K>>(
  status: S,
  ...rest: ReplyArguments<ReplyBody<K, ResponseOf<K, S>>, ReplyHeaders<K, ResponseOf<K, S>>>
) => Reply<K>

/** One use case: takes the validated request, and returns a reply or throws a Problem. `Deps`: its feature's needs. */
export type OperationHandler<Deps, K extends OperationId> = (
  deps: Deps,
  request: Request<K>,
  reply: ReplyTo<K>,
) => Promise<Reply<K>>

/** The operations of one feature, by operationId. */
export type OperationHandlers<Deps, K extends OperationId> = { readonly [Id in K]: OperationHandler<Deps, Id> }

/** The same, bound to the dependencies of one server. */
export type Handler<K extends OperationId> = (request: Request<K>, reply: ReplyTo<K>) => Promise<Reply<K>>

/** Total over the contract: a missing or misspelt operationId does not compile. */
export type Handlers = { readonly [K in OperationId]: Handler<K> }
