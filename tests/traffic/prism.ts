import { getHttpOperationsFromSpec } from '@stoplight/prism-http'
import { validateInput, validateOutput } from '@stoplight/prism-http/dist/validator/index.js'
import type { JsonObject } from '../../src/contract/document/document.ts'
import { answerOf, type Placed, textOf } from './traffic.ts'

/** What somebody else's implementation finds wrong with an exchange. */
export type SecondOpinion = (placed: Placed) => string[]

/**
 * Prism, which reads the document and judges by itself what its validating proxy judges: status, media type, headers and
 * body of an answer, and every part of a request that we let pass. Called as a library, so that the traffic of all test
 * files can be put before it afterwards instead of each file being sent through a proxy.
 */
export async function secondOpinion(root: JsonObject): Promise<SecondOpinion> {
  // It resolves references in place.
  const resources = await getHttpOperationsFromSpec(structuredClone(root))
  const byId = new Map(resources.map((resource) => [resource.iid, resource]))
  return (placed) => {
    const { operation, exchange, path } = placed
    if (operation === undefined) return []
    const resource = byId.get(operation.operationId)
    if (resource === undefined) return [`Prism knows no ${operation.operationId}`]
    const answer = answerOf(exchange)
    const findings: string[] = []
    // An answer to HEAD has the headers of a body that is not there, which Prism takes for a body that is missing.
    if (answer.isHead !== true) {
      const element = {
        statusCode: answer.status,
        headers: exchange.headers,
        body: valueOf(answer.text, exchange.headers),
      }
      findings.push(...messages(validateOutput({ resource, element })))
    }
    if (answer.status < 400) {
      // A parameter of OAuth without a value counts as left out (RFC 6749 §3.1).
      const sent = textOf(exchange.requestBody)
      const body = valueOf(
        operation.body?.isOAuth === true ? sent.replaceAll(/(?<=^|&)\w*=(?:&|$)/g, '') : sent,
        exchange.requestHeaders,
      )
      const url = { path: decodeURI(path), query: queryOf(exchange.target) }
      const element = { method: operation.method as 'get', url, headers: exchange.requestHeaders, body }
      findings.push(...messages(validateInput({ resource, element })))
    }
    return findings.map((finding) => `${operation.operationId} ${answer.status}: ${finding}`)
  }
}

type Judged = ReturnType<typeof validateInput> | ReturnType<typeof validateOutput>

function messages(judged: Judged): string[] {
  return 'right' in judged ? [] : judged.left.map(({ message, path }) => [...(path ?? []), message].join(' '))
}

function valueOf(text: string, headers: Readonly<Record<string, string>>): unknown {
  if (text === '') return undefined
  return /json/i.test(headers['content-type'] ?? '') ? (JSON.parse(text.replace(/^\uFEFF/, '')) as unknown) : text
}

function queryOf(target: string): Record<string, string | string[]> {
  const pairs = new URLSearchParams(target.split('?')[1] ?? '')
  const names = [...new Set(pairs.keys())]
  return Object.fromEntries(
    names.map((name) => [name, pairs.getAll(name).length > 1 ? pairs.getAll(name) : asSchema(name, pairs.get(name))]),
  )
}

/** The spellings of a boolean that only the text of the document allows, as its schema has them. */
function asSchema(name: string, value: string | null): string {
  if (!name.startsWith('is_')) return value ?? ''
  return (value ?? '').toLowerCase().replace(/^1$/, 'true').replace(/^0$/, 'false')
}
