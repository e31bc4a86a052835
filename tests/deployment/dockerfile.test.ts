import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canRun, hadolint, PROJECT } from './tools.ts'

const text = readFileSync(join(PROJECT, 'Dockerfile'), 'utf8')

if (!canRun.hadolint)
  process.stderr.write('skipped: hadolint for the Dockerfile (node tests/deployment/install.ts installs it)\n')

describe.skipIf(!canRun.hadolint)('the Dockerfile', () => {
  test('has no finding of hadolint', () => {
    expect(hadolint(text)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  test.each([
    ['DL3007', 'a base image without a version', /^FROM node:\S+$/m, 'FROM node:latest'],
    ['DL3000', 'a relative WORKDIR', 'WORKDIR /app', 'WORKDIR app'],
    ['DL3025', 'a CMD that a shell would run, which keeps SIGTERM to itself', /^CMD .*$/m, 'CMD node src/main.ts'],
    ['DL3002', 'root as the last user', 'USER 10001:10001', 'USER root'],
    ['DL3022', 'a stage that is not there', '--from=packages', '--from=pakages'],
    ['DL3016', 'a package of npm without a version', 'RUN npm ci', 'RUN npm install -g cowsay && npm ci'],
  ])('a break of %s would be found: %s', (rule, _, good, bad) => {
    const changed = text.replace(good, bad)
    expect(changed).not.toBe(text)
    const { status, stdout } = hadolint(changed)
    expect([status, stdout]).toEqual([1, expect.stringContaining(`${rule} `)])
  })
})
