import type { Operation } from './document/operations.ts'

interface Template {
  readonly path: string
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly methods: ReadonlyMap<string, Operation>
}

/** A known path: its operations by method, and its parameters, still percent-encoded. */
export interface RouteMatch {
  /** As the contract has it, with the names of the parameters in braces. */
  readonly path: string
  readonly methods: ReadonlyMap<string, Operation>
  readonly params: Readonly<Record<string, string>>
}

/**
 * Finds the operation of a request. Each path is compiled once: static paths into a map, templates into a RegExp. A
 * static path wins over a template for every method, so `DELETE /notes/search` is a 405, not the note called "search".
 */
export class ContractRouter {
  readonly #static = new Map<string, Map<string, Operation>>()
  readonly #templates: Template[]

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      const methods = this.#static.get(operation.path) ?? new Map<string, Operation>()
      this.#static.set(operation.path, methods.set(operation.method, operation))
    }
    this.#templates = [...this.#static]
      .filter(([path]) => path.includes('{'))
      .toSorted(([a], [b]) => literalLength(b) - literalLength(a))
      .map(([path, methods]) => ({ path, ...compileTemplate(path), methods }))
    for (const path of this.#static.keys()) if (path.includes('{')) this.#static.delete(path)
  }

  /** Matches a path, whatever the method; undefined for an unknown path. */
  match(path: string): RouteMatch | undefined {
    const normal = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    const methods = this.#static.get(normal)
    if (methods !== undefined) return { path: normal, methods, params: {} }
    for (const template of this.#templates) {
      const match = template.pattern.exec(normal)
      if (match === null) continue
      const params = Object.fromEntries(template.names.map((name, index) => [name, match[index + 1] ?? '']))
      return { path: template.path, methods: template.methods, params }
    }
    return undefined
  }
}

/** The operation for a method. HEAD is that of GET (RFC 9110 §9.3.2). */
export function operationOf({ methods }: RouteMatch, method: string): Operation | undefined {
  return methods.get(method === 'HEAD' ? 'get' : method.toLowerCase())
}

/** The value of Allow for a path: its methods, HEAD where there is GET, and OPTIONS. */
export function allowedMethods({ methods }: RouteMatch): string {
  const names = [...methods.keys()].map((method) => method.toUpperCase())
  return [...names, ...(names.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

function literalLength(path: string): number {
  return path.replace(/\{[^}]+\}/g, '').length
}

function compileTemplate(path: string): Pick<Template, 'pattern' | 'names'> {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)
  const literals = path.split(/\{[^}]+\}/).map((literal) => literal.replace(/[.*+?^$()|[\]\\]/g, '\\$&'))
  return { pattern: new RegExp(`^${literals.join('([^/]+)')}$`), names }
}
