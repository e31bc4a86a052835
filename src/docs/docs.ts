import { type RequestHandler, Router } from 'express'
import type { AddressOf } from '../http/public-address.ts'
import { consolePage, landingPage, readTitle, referencePage } from './api-pages.ts'
import { loadAssets } from './assets.ts'
import { withCodeSamples } from './code-samples.ts'
import { fixed } from './fixed.ts'
import { problemIndex, problemPage, type ProblemPage } from './problem-pages.ts'
import { documentWithPublicUrl, withPublicUrl } from './public-contract.ts'

export interface DocsDeps {
  /** The text of openapi.yaml, served byte for byte without a public address. */
  yaml: string
  /** The same document, parsed. */
  document: object
  problems: ProblemPage[]
  addressOf: AddressOf
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

/** A page `depth` folders below the root. A slash at the end of its address makes it look one folder deeper. */
function pageAt(render: (root: string) => string, contentSecurityPolicy: string, depth = 0): RequestHandler {
  const seenFrom = (folders: number): RequestHandler => {
    const root = folders === 0 ? './' : '../'.repeat(folders)
    return fixed(() => render(root), 'text/html', { 'Content-Security-Policy': contentSecurityPolicy })
  }
  const [plain, slashed] = [seenFrom(depth), seenFrom(depth + 1)]
  return (req, res, next) => (req.path !== '/' && req.path.endsWith('/') ? slashed : plain)(req, res, next)
}

/** The contract is public: pages of any origin may fetch it, as browser-based API tools do. */
const contractAt = (text: string | (() => string), type: string): RequestHandler =>
  fixed(text, type, { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag' })

/** Static pages, the documented exception to "only the dispatcher touches res". Other methods are left to the app. */
export function createDocs({ yaml, document, problems, addressOf }: DocsDeps): Router {
  const assets = loadAssets()
  const title = readTitle(document)
  const publicUrl = addressOf('')
  const problemPages = new Map(
    problems.map((problem) => [
      problem.slug,
      pageAt((root) => problemPage(problem, assets, root, addressOf), textPolicy, 1),
    ]),
  )
  const docs = Router({ caseSensitive: true })

  docs.get(
    '/',
    pageAt((root) => landingPage(title, assets, root), textPolicy),
  )
  docs.get(
    '/docs',
    pageAt((root) => consolePage(title, assets, root), consolePolicy),
  )
  docs.get(
    '/redoc',
    pageAt((root) => referencePage(title, assets, root), referencePolicy),
  )
  docs.get('/openapi.yaml', contractAt(publicUrl === '' ? yaml : withPublicUrl(yaml, publicUrl), 'application/yaml'))
  docs.get(
    '/openapi.json',
    contractAt(() => {
      const read = withCodeSamples(document)
      return JSON.stringify(publicUrl === '' ? read : documentWithPublicUrl(read, publicUrl))
    }, 'application/json'),
  )
  docs.get(
    '/problems',
    pageAt((root) => problemIndex(problems, assets, root), textPolicy),
  )
  docs.get('/problems/:slug', (req, res, next) => {
    const serve = problemPages.get(req.params.slug)
    return serve === undefined ? next() : serve(req, res, next)
  })
  docs.get('/docs/assets/:version/:name', assets.handler)
  return docs
}
