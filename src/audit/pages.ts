import { failed, type Finding, notPossible, passed, reasonOf } from './check.ts'
import { TIMEOUT_MS } from './service.ts'

const PAGES = ['/', '/docs', '/redoc', '/problems']
/** Sources that keep a browser at the origin of the page. */
const OWN = new Set(["'self'", "'none'", 'data:', "'unsafe-inline'"])
/** Elements that load what their attribute names; a link that people may follow loads nothing. */
const ELEMENTS = 'script|link|img|iframe|object|embed|source|video|audio|form|base'
const LOADING = new RegExp(String.raw`<(?:${ELEMENTS})\b[^>]*?\s(?:src|href|data|action)\s*=\s*["']?([^"'\s>]+)`, 'gi')
const IN_STYLES = /@import\s+["']([^"']+)|url\(\s*["']?([^"')\s]+)/gi
/** Modules name what they load in this form; a bundle is one file, and holds such words in texts too. */
const IN_MODULES = /\b(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g
const LARGEST_MODULE = 100_000

interface Page {
  readonly url: URL
  readonly type: string
  readonly text: string
  readonly policy: string | undefined
}

/** Fetches the pages for people and everything that they load, as a browser would, and looks for other origins. */
export async function checkPages(server: string): Promise<Finding> {
  try {
    const faults = new Set<string>()
    const seen = new Map<string, Page>()
    const left = PAGES.map((path) => new URL(path, server))
    for (let url = left.pop(); url !== undefined; url = left.pop()) {
      if (seen.has(url.href)) continue
      const page = await load(url)
      seen.set(url.href, page)
      if (page.type === 'text/html')
        for (const source of looseSources(page.policy)) faults.add(`${url.pathname} ${source}`)
      for (const target of loadedBy(page)) {
        if (target.origin === url.origin) left.push(target)
        else if (target.protocol !== 'data:') faults.add(`${url.pathname} loads ${target.origin}`)
      }
    }
    const count = seen.size - PAGES.length
    return faults.size === 0
      ? passed(
          'pages',
          `the pages and the ${count} files that they load come from this server, and nothing else may load`,
        )
      : failed('pages', [...faults].join(', '), 'reinstall notes-api, or mend the proxy that changes its pages')
  } catch (error) {
    return notPossible('pages', `the pages cannot be fetched (${reasonOf(error)})`, 'is the server running?')
  }
}

async function load(url: URL): Promise<Page> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (!response.ok) throw new Error(`${url.pathname} answers ${response.status}`)
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? ''
  const policy = response.headers.get('content-security-policy') ?? undefined
  return { url: new URL(response.url), type, text: await response.text(), policy }
}

/** What a page, a style sheet or a module makes a browser load. */
function loadedBy({ url, type, text }: Page): URL[] {
  const patterns =
    type === 'text/html'
      ? [LOADING, IN_STYLES]
      : type === 'text/css' || type === 'image/svg+xml'
        ? [IN_STYLES]
        : type === 'text/javascript' && text.length < LARGEST_MODULE
          ? [IN_MODULES]
          : []
  const names = patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, one, other]) => one ?? other ?? ''))
  return names.flatMap((name) => {
    // A module without a path in front is none of a browser's.
    const isBare = type === 'text/javascript' && !/^(\.{0,2}\/|[a-z]+:)/i.test(name)
    return name.startsWith('#') || isBare ? [] : (URL.parse(name.replaceAll('&amp;', '&'), url.href) ?? [])
  })
}

/** The parts of a content security policy that would let scripts reach other origins, whatever their text says. */
function looseSources(policy: string | undefined): string[] {
  if (policy === undefined) return ['has no content security policy']
  const directives = policy.split(';').map((directive) => directive.trim().split(/\s+/))
  const loose = directives.flatMap(([name = '', ...sources]) =>
    name.endsWith('-src') || name === 'form-action'
      ? sources.filter((source) => !OWN.has(source)).map((source) => `lets ${name} be ${source}`)
      : [],
  )
  return directives.some(([name]) => name === 'default-src') ? loose : [...loose, 'has no default-src']
}
