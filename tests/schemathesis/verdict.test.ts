import { expect, test } from 'vitest'
import { sentences } from '../contract/numbers/texts.ts'
import { ALLOWED } from './allowed.ts'
import { readReport, REFUSED } from './report.ts'
import { explain, hollow, PHASES, unexplained, unsaid, uses } from './verdict.ts'

interface Exchange {
  readonly mode?: 'positive' | 'negative'
  readonly status: number
  readonly problem?: object
  readonly failed?: string
  readonly link?: { readonly id: string; readonly is_inferred: boolean }
}

const base64 = (value: object) => ({ $base64: Buffer.from(JSON.stringify(value)).toString('base64') })

/** A report as Schemathesis writes it, of one exchange. */
function reportOf({ mode = 'positive', status, problem, failed, link }: Exchange) {
  const checks = [
    { name: 'status_code_conformance', status: 'success' },
    ...(failed === undefined
      ? []
      : [{ name: failed, status: 'failure', failure_info: { failure: { message: 'Seen.' } } }]),
  ]
  const recorder = {
    cases: {
      a: { value: { method: 'GET', path: '/notes', meta: { generation: { mode } } }, transition: link ?? null },
    },
    checks: { a: checks },
    interactions: {
      a: {
        request: { method: 'GET', uri: 'http://127.0.0.1/notes' },
        response: { status_code: status, content: problem === undefined ? null : base64(problem) },
      },
    },
  }
  return readReport(`${JSON.stringify({ ScenarioFinished: { phase: 'stateful', recorder } })}\n`)
}

const refused = (...errors: readonly object[]) => ({ type: '/problems/validation-failed', errors })
const wrongCursor = { pointer: '/cursor', type: 'cursor_invalid' }

test('a valid request that is refused is a finding, and explained only if each of its errors is allowed', () => {
  const allowed = reportOf({ status: 422, problem: refused(wrongCursor) })
  expect(allowed.findings).toMatchObject([{ check: REFUSED, refusals: ['/cursor cursor_invalid'] }])
  expect(unexplained(allowed, ALLOWED)).toEqual([])

  const both = reportOf({ status: 422, problem: refused(wrongCursor, { pointer: '/limit', type: 'less_than_equal' }) })
  expect(unexplained(both, ALLOWED)).toHaveLength(1)
  expect(
    unexplained(reportOf({ status: 403, problem: { type: '/problems/insufficient-scope' } }), ALLOWED),
  ).toHaveLength(1)
  expect(unexplained(reportOf({ status: 422 }), ALLOWED)).toHaveLength(1)
})

test('an invalid request may be refused', () => {
  expect(reportOf({ mode: 'negative', status: 422, problem: refused(wrongCursor) }).findings).toEqual([])
})

test.each([
  'not_a_server_error',
  'status_code_conformance',
  'response_schema_conformance',
  'response_headers_conformance',
  'content_type_conformance',
  'negative_data_rejection',
  'ignored_auth',
])('nothing in allowed.ts explains what %s finds', (failed) => {
  const problem = refused(wrongCursor)
  const { findings } = reportOf({ mode: 'negative', status: 422, problem, failed })
  expect(findings.map((finding) => [finding.check, explain(finding, ALLOWED)])).toEqual([[failed, undefined]])
})

test('a 5xx is never explained, whatever its problem', () => {
  const problem = { type: '/problems/not-found' }
  expect(unexplained(reportOf({ status: 503, problem, failed: 'not_a_server_error' }), ALLOWED)).toHaveLength(1)
})

test('each entry of allowed.ts quotes a whole sentence of openapi.yaml', () => {
  const inContract = sentences.filter(({ where }) => where.startsWith('/')).map(({ text }) => text)
  expect(unsaid(ALLOWED, new Set(inContract))).toEqual([])
  const without = inContract.filter((text) => text !== 'It cannot be combined with `skip`.')
  expect(unsaid(ALLOWED, new Set(without))).toEqual([
    'openapi.yaml no longer says why /skip conflicting_parameters is allowed: It cannot be combined with `skip`.',
  ])
})

test('an entry that explains nothing is counted as unused', () => {
  const used = uses([reportOf({ status: 422, problem: refused(wrongCursor) })], ALLOWED)
  expect([...used].filter(([, count]) => count > 0).map(([{ refusal }]) => refusal)).toEqual(['/cursor cursor_invalid'])
})

test('a run without sequences, or in which an operation never succeeds, is worthless', () => {
  const report = reportOf({ status: 200, link: { id: 'a link', is_inferred: false } })
  expect([...report.links]).toEqual(['a link'])
  expect(reportOf({ status: 200, link: { id: 'a guess', is_inferred: true } }).links.size).toBe(0)
  expect(hollow(report, ['GET /notes', 'POST /notes'])).toEqual([
    ...PHASES.map((phase) => `The phase ${phase} did not come to its end, or tried nothing.`),
    'Hardly any sequences of requests were tried.',
    'POST /notes never succeeded, so little of it was tried.',
  ])
})
