import { html, page } from './page.ts'
import type { AddressOf } from '../http/public-address.ts'
import type { Assets } from './assets.ts'

export interface ProblemPage {
  slug: string
  title: string
  status: number
  /** What it means, in plain sentences. */
  description: string
  /** What the client can do. */
  remedy: string
}

/** RFC 9457 §3.1.1: a problem type should resolve to documentation for people. This is that page. */
export function problemPage(problem: ProblemPage, assets: Assets, root: string, addressOf: AddressOf): string {
  const type = addressOf(`/problems/${problem.slug}`)
  const example = {
    type,
    title: problem.title,
    status: problem.status,
    detail: problem.description,
    instance: `${type}#0199c0de-0000-7000-8000-000000000000`,
    request_id: '0199c0de-0000-7000-8000-000000000000',
  }
  return page({
    title: `${problem.title} (${problem.status})`,
    root,
    kind: 'text',
    stylesheets: [assets.address('pages.css')],
    icon: assets.address('icon.svg'),
    body: html`<main>
<p class="status">HTTP status ${problem.status}</p>
<h1>${problem.title}</h1>
<h2>What it means</h2>
<p>${problem.description}</p>
<h2>What you can do</h2>
<p>${problem.remedy}</p>
<h2>What it looks like</h2>
<p>An example, sent as <code>application/problem+json</code>
(<abbr title="Problem Details for HTTP APIs">RFC 9457</abbr>). Quote its <code>request_id</code> when you ask for
help.</p>
<pre><code>${JSON.stringify(example, null, 2)}</code></pre>
<p><a href="${root}problems">All problems</a></p>
</main>`,
  })
}

export function problemIndex(problems: readonly ProblemPage[], assets: Assets, root: string): string {
  const byStatus = problems.toSorted((a, b) => a.status - b.status || a.slug.localeCompare(b.slug, 'en'))
  return page({
    title: 'Problems',
    root,
    kind: 'text',
    stylesheets: [assets.address('pages.css')],
    icon: assets.address('icon.svg'),
    body: html`<main>
<h1>Problems</h1>
<p>Every failure of this API is a problem document whose <code>type</code> is the address of one of these pages.</p>
<ul class="problems">
${byStatus.map(
  (problem) => html`<li><a href="${root}problems/${problem.slug}">
<span class="status">${problem.status}</span> ${problem.title}</a></li>
`,
)}</ul>
</main>`,
  })
}
