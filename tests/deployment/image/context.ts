import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from '../tools.ts'

/** What .dockerignore lets into a build, as from a checkout under umask 077: only root may read it. */
export function makeContext(directory: string): string {
  const [first, ...others] = readFileSync(join(PROJECT, '.dockerignore'), 'utf8').trim().split('\n')
  if (first !== '*' || !others.every((line) => /^![\w.-]+$/.test(line)))
    throw new Error('.dockerignore has other lines')
  mkdirSync(directory)
  for (const line of others) cpSync(join(PROJECT, line.slice(1)), join(directory, line.slice(1)), { recursive: true })
  restrict(directory)
  return directory
}

function restrict(path: string): void {
  const isDirectory = statSync(path).isDirectory()
  chmodSync(path, isDirectory ? 0o700 : 0o600)
  if (isDirectory) for (const name of readdirSync(path)) restrict(join(path, name))
}

/** Puts variables into a text of compose.yaml, from the inside out. What is not given has its default. */
export function interpolated(text: string, given: Readonly<Record<string, string>>): string {
  const result = text.replaceAll(
    /\$\{(\w+):[-?]([^${}]*)\}/g,
    (_, name: string, fallback: string) => given[name] || fallback,
  )
  return result === text ? text : interpolated(result, given)
}
