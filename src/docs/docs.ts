import { Router, type RequestHandler } from 'express'
import { consolePage, landingPage, readTitle, referencePage } from './api-pages.ts'
import { loadAssets } from './assets.ts'
import { withCodeSamples } from './code-samples.ts'
import { fixed } from './fixed.ts'
import { problemIndex, problemPage, type ProblemPage } from './problem-pages.ts'

export interface DocsDeps {
  /** The text of openapi.yaml, served byte for byte. */
  yaml: string
  /** The same document, parsed. */
  document: object
  problems: ProblemPage[]
}

const policy = (...directives: string[]): string =>
  ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", ...directives].join('; ')

const textPolicy = policy("style-src 'self'", "img-src 'self'", "form-action 'none'")
const consolePolicy = policy(
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
)
// Redoc creates style elements at run time, one of them with a font. Scripts are still limited to our own files.
const referencePolicy = policy(
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  'font-src data:',
  "form-action 'none'",
)

const pageAt = (text: string, contentSecurityPolicy: string): RequestHandler =>
  fixed(text, 'text/html', { 'Content-Security-Policy': contentSecurityPolicy })

/** The contract is public: pages of any origin may fetch it, as browser-based API tools do. */
const contractAt = (text: string | (() => string), type: string): RequestHandler =>
  fixed(text, type, { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag' })

/** Static pages, the documented exception to "only the dispatcher touches res". Other methods are left to the app. */
export function createDocs({ yaml, document, problems }: DocsDeps): Router {
  const assets = loadAssets()
  const title = readTitle(document)
  const problemPages = new Map(
    problems.map((problem) => [problem.slug, pageAt(problemPage(problem, assets), textPolicy)]),
  )
  const docs = Router({ caseSensitive: true })

  docs.get('/', pageAt(landingPage(title, assets), textPolicy))
  docs.get('/docs', pageAt(consolePage(title, assets), consolePolicy))
  docs.get('/redoc', pageAt(referencePage(title, assets), referencePolicy))
  docs.get('/openapi.yaml', contractAt(yaml, 'application/yaml'))
  docs.get(
    '/openapi.json',
    contractAt(() => JSON.stringify(withCodeSamples(document)), 'application/json'),
  )
  docs.get('/problems', pageAt(problemIndex(problems, assets), textPolicy))
  docs.get('/problems/:slug', (req, res, next) => {
    const serve = problemPages.get(req.params.slug)
    return serve === undefined ? next() : serve(req, res, next)
  })
  docs.get('/docs/assets/:version/:name', assets.handler)
  return docs
}
