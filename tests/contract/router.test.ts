import { describe, expect, test } from 'vitest'
import { ContractRouter, operationOf } from '../../src/contract/router.ts'
import { operations } from './harness/document-examples.ts'
import type { Operation } from '../../src/contract/document/operations.ts'

/** Templates that overlap in every way that OpenAPI allows. */
const overlapping = [
  '/notes',
  '/notes/search',
  '/notes/{id}',
  '/notes/{id}/revisions',
  '/notes/{id}/revisions/{version}',
  '/notes/{id}.md',
  '/a.b',
  '/{any}/{thing}',
]
const methods = ['get', 'put', 'post', 'delete', 'patch']
const sets = {
  'the contract': operations,
  'overlapping templates': overlapping.map((path, index) => stub(path, methods[index % methods.length] ?? 'get')),
}

function stub(path: string, method: string): Operation {
  return {
    operationId: `${method} ${path}`,
    method,
    path,
    security: [],
    parameters: [],
    body: undefined,
    responses: new Map(),
    lifetime: {},
    cost: undefined,
    timeoutSeconds: 30,
  }
}

type Outcome = { readonly operationId: string; readonly params: Record<string, string> } | '404' | '405'

function routed(router: ContractRouter, method: string, path: string): Outcome {
  const route = router.match(path)
  if (route === undefined) return '404'
  const operation = operationOf(route, method)
  return operation === undefined ? '405' : { operationId: operation.operationId, params: { ...route.params } }
}

/** The expected match, by a slow and simple search: segment by segment, no RegExp, no map. */
function naive(candidates: readonly Operation[], method: string, path: string): Outcome {
  const normal = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  const found = [...new Set(candidates.map((operation) => operation.path))]
    .map((template) => ({ template, params: fit(template, normal) }))
    .filter((entry): entry is { template: string; params: Record<string, string> } => entry.params !== undefined)
    .toSorted(
      (a, b) =>
        Number(a.template.includes('{')) - Number(b.template.includes('{')) ||
        literals(b.template) - literals(a.template),
    )
  const [best] = found
  if (best === undefined) return '404'
  const wanted = method === 'HEAD' ? 'get' : method.toLowerCase()
  const operation = candidates.find((candidate) => candidate.path === best.template && candidate.method === wanted)
  return operation === undefined ? '405' : { operationId: operation.operationId, params: best.params }
}

/** The parameters with which a template matches a path; undefined if it does not. */
function fit(template: string, path: string): Record<string, string> | undefined {
  if (template === '') return path === '' ? {} : undefined
  if (!template.startsWith('{')) return template[0] === path[0] ? fit(template.slice(1), path.slice(1)) : undefined
  const end = template.indexOf('}')
  const slash = path.indexOf('/')
  for (let length = slash < 0 ? path.length : slash; length > 0; length -= 1) {
    const rest = fit(template.slice(end + 1), path.slice(length))
    if (rest !== undefined) return { [template.slice(1, end)]: path.slice(0, length), ...rest }
  }
  return undefined
}

function literals(template: string): number {
  return template.split('}').reduce((sum, part) => sum + (part.includes('{') ? part.indexOf('{') : part.length), 0)
}

/** Deterministic random numbers, so that a failure can be repeated (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

describe.each(Object.entries(sets))('%s', (_, set) => {
  const router = new ContractRouter(set)

  test('10 000 random requests match as with a naive router', () => {
    const random = seeded(20_261_122)
    const words = [
      ...new Set(set.flatMap(({ path }) => path.split('/'))),
      '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2',
      'x.md',
      '%2F',
      '..',
      '{id}',
      'aXb',
      'constructor',
    ]
    const verbs = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']
    const outcomes = { found: 0, refused: 0 }
    for (let count = 0; count < 10_000; count += 1) {
      const depth = 1 + random(5)
      const start =
        random(2) === 0
          ? '/'
          : `${(set[random(set.length)]?.path ?? '').replace(/\{[^}]+\}/g, () => words[random(words.length)] ?? '')}/`
      const path =
        start + Array.from({ length: start === '/' ? depth : random(2) }, () => words[random(words.length)]).join('/')
      const method = verbs[random(verbs.length)] ?? 'GET'
      const outcome = routed(router, method, path)
      expect(outcome, `${method} ${path}`).toEqual(naive(set, method, path))
      outcomes[typeof outcome === 'string' ? 'refused' : 'found'] += 1
    }
    expect(Math.min(outcomes.found, outcomes.refused)).toBeGreaterThan(500)
  })
})

test('a static path wins over a template for every method', () => {
  const router = new ContractRouter([stub('/notes/{id}', 'delete'), stub('/notes/search', 'get')])
  expect(routed(router, 'DELETE', '/notes/search')).toBe('405')
  expect(routed(router, 'GET', '/notes/search/')).toMatchObject({ operationId: 'get /notes/search' })
  expect(routed(router, 'DELETE', '/notes/searches')).toMatchObject({ params: { id: 'searches' } })
})
