import { readFileSync } from 'node:fs'

const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')

export interface Snippet {
  readonly program: 'nginx' | 'caddyfile'
  readonly text: string
  /** The path of the public address; empty at the root of a host. */
  readonly path: string
}

/** The configurations of docs/deployment.md. */
export const snippets: readonly Snippet[] = [...page.matchAll(/^```(nginx|caddyfile)\n([\s\S]*?)^```$/gm)].map(
  ([, program = '', text = '']) => ({
    program: program === 'nginx' ? 'nginx' : 'caddyfile',
    text,
    path: text.includes('/notes-app') ? '/notes-app' : '',
  }),
)

/** Puts in what belongs to one machine, and refuses to if it is not there to be replaced. */
export function filledIn(text: string, values: readonly (readonly [pattern: RegExp, value: string])[]): string {
  return values.reduce((result, [pattern, value]) => {
    if (!pattern.test(result)) throw new Error(`The snippet has no ${pattern.source}`)
    return result.replace(pattern, value)
  }, text)
}
