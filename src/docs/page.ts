/** Markup that is already safe. Only `html` makes it, so plain text cannot slip into a page unescaped. */
export interface Html {
  readonly markup: string
}

type Part = string | number | Html | readonly Html[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const render = (part: Part): string => {
  if (typeof part === 'string' || typeof part === 'number') {
    return String(part).replace(/[&<>"']/g, (character) => entities[character] ?? character)
  }
  return 'markup' in part ? part.markup : part.map(render).join('')
}

export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const rendered = strings.map((text, index) => {
    const part = parts[index]
    return part === undefined ? text : text + render(part)
  })
  return { markup: rendered.join('') }
}

export interface Page {
  title: string
  /** From this page to the root of the server, relative, so that it holds below the path of a proxy too. */
  root: string
  /** Distinguishes pages that a script fills from static ones. */
  kind: 'text' | 'console' | 'reference'
  /** This and what follows as seen from the root. */
  stylesheets: string[]
  /** Scripts, then modules: they run in this order, after the body is parsed. */
  scripts?: string[]
  modules?: string[]
  icon: string
  body: Html
}

/** The shell of every page. It has no inline script or style, so that a strict content security policy is possible. */
export function page({ title, root, kind, stylesheets, scripts = [], modules = [], icon, body }: Page): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="${root}${icon}">
${stylesheets.map(
  (href) => html`<link rel="stylesheet" href="${root}${href}">
`,
)}${scripts.map(
    (src) => html`<script defer src="${root}${src}"></script>
`,
  )}${modules.map(
    (src) => html`<script type="module" src="${root}${src}"></script>
`,
  )}</head>
<body class="${kind}">
<header class="site">
<nav aria-label="Documentation">
<a href="${root}">Home</a> <a href="${root}docs">Console</a> <a href="${root}redoc">Reference</a>
<a href="${root}problems">Problems</a>
</nav>
</header>
${body}
</body>
</html>
`.markup
}
