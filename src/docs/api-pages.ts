import { type Html, html, page } from './page.ts'
import type { Assets } from './assets.ts'

export interface ApiTitle {
  name: string
  version: string
  summary: string
}

/** What the pages say about the API comes from the contract alone. */
export function readTitle(document: object): ApiTitle {
  const info: unknown = Reflect.get(document, 'info')
  const text = (key: string): string => {
    const value: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, key) : undefined
    return typeof value === 'string' ? value : ''
  }
  return { name: text('title') || 'API', version: text('version'), summary: text('summary') }
}

/** A page rather than a redirect: small, readable without scripts, and with links to all the other pages. */
export function landingPage({ name, version, summary }: ApiTitle, assets: Assets, root: string): string {
  return page({
    title: name,
    root,
    kind: 'text',
    stylesheets: [assets.address('pages.css')],
    icon: assets.address('icon.svg'),
    body: html`<main>
<p class="status">Version ${version}</p>
<h1>${name}</h1>
<p>${summary}</p>
<dl>
<dt><a href="${root}docs">Console</a></dt><dd>Sign in and try every operation against this server.</dd>
<dt><a href="${root}redoc">Reference</a></dt><dd>Read every operation, schema and example.</dd>
<dt><a href="${root}openapi.yaml">openapi.yaml</a>, <a href="${root}openapi.json">openapi.json</a></dt>
<dd>The contract itself, for code generators and other tools.</dd>
<dt><a href="${root}problems">Problems</a></dt><dd>What each refusal means and what to do about it.</dd>
<dt><a href="${root}health">Health</a></dt><dd>Whether the server and its database are working.</dd>
</dl>
</main>`,
  })
}

const noScript = (
  root: string,
): Html => html`<noscript><p class="no-script">This page needs JavaScript. The contract it shows can be read at
<a href="${root}openapi.yaml">openapi.yaml</a>.</p></noscript>`

export function consolePage({ name }: ApiTitle, assets: Assets, root: string): string {
  return page({
    root,
    title: `${name} – console`,
    kind: 'console',
    stylesheets: [assets.address('swagger-ui.css'), assets.address('pages.css'), assets.address('console.css')],
    scripts: [assets.address('swagger-ui-bundle.js')],
    modules: [assets.address('console.js')],
    icon: assets.address('icon.svg'),
    body: html`${noScript(root)}
<main id="swagger-ui"></main>`,
  })
}

export function referencePage({ name }: ApiTitle, assets: Assets, root: string): string {
  return page({
    root,
    title: `${name} – reference`,
    kind: 'reference',
    stylesheets: [assets.address('pages.css')],
    modules: [assets.address('reference.js')],
    icon: assets.address('icon.svg'),
    body: html`${noScript(root)}
<div id="redoc"></div>`,
  })
}
