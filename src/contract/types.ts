/** The contract as types: what a handler receives and what it may answer, derived from `generated/`. Types only. */
import type { operations } from '../../generated/openapi.d.ts'
import type { DefaultedQuery, OptionalReplyHeaders } from '../../generated/refinements.d.ts'
import type { Scope, security } from '../../generated/security.ts'

export type OperationId = keyof operations & keyof typeof security
export type { Scope }

/** Who makes the request, as far as the credential tells. */
export interface Caller {
  readonly userId: string
  readonly credential: { readonly kind: 'session' | 'api_key'; readonly id: string }
  readonly scopes: readonly Scope[]
}

/** Where the request comes from, as far as the connection and the configured proxies tell. */
export interface Client {
  /** Without a port; an IPv6 address as its network of 64 bits, which is what one household or server has. */
  readonly address: string
  /** What the program calls itself: printable, shortened, and to be believed by nobody. */
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

/** A validated request: parameters coerced, defaults filled in, the body as the contract describes it. */
export type Request<K extends OperationId> = {
  readonly path: Readonly<Present<Parameters<K>['path']>>
  readonly query: Readonly<FilledQuery<K>>
  readonly headers: Readonly<Present<Parameters<K>['header']>>
  readonly body: BodyOf<K>
  readonly client: Client
} & ((typeof security)[K] extends null ? unknown : { readonly caller: Caller })

/** Headers that the dispatcher adds to every reply, so that no handler has to. */
type AddedHeaders = 'X-Request-Id' | 'Deprecation' | 'Sunset'

type Responses<K extends OperationId> = operations[K]['responses']
/** Success and redirection; a failure is thrown as a Problem. */
export type StatusOf<K extends OperationId> = Extract<keyof Responses<K>, 200 | 201 | 204 | 304>
type ResponseOf<K extends OperationId, S extends StatusOf<K>> = Responses<K>[S]
type ReplyBody<R> = R extends { content: infer C }
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
type ReplyArguments<B, H> = B extends undefined
  ? [keyof H] extends [never]
    ? []
    : [body: undefined, ...headers: HeaderArguments<H>]
  : [body: B, ...headers: HeaderArguments<H>]

declare const operation: unique symbol

/** An answer that the contract documents for operation K. Only a `ReplyTo<K>` makes one. */
export interface Reply<K extends OperationId> {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | number | undefined>>
  readonly [operation]: K
}

/** Makes replies for one operation: `reply(200, note, { ETag })`. It is bound to K, so excess fields are seen. */
export type ReplyTo<K extends OperationId> = <S extends StatusOf<K>>(
  status: S,
  ...rest: ReplyArguments<ReplyBody<ResponseOf<K, S>>, ReplyHeaders<K, ResponseOf<K, S>>>
) => Reply<K>

/** One use case: takes the validated request, returns a reply or throws a Problem. */
export type Handler<K extends OperationId> = (request: Request<K>, reply: ReplyTo<K>) => Promise<Reply<K>>

/** Total over the contract: a missing or misspelt operationId does not compile. */
export type Handlers = { readonly [K in OperationId]: Handler<K> }
