import { execFile } from 'node:child_process'
import { expect, test } from 'vitest'

const isInside = process.env['SOVEREIGN'] !== undefined

function sovereign(...args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [`${import.meta.dirname}/run.ts`, ...args], (error, stdout) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout })
    })
  })
}

// Where namespaces or strace are not allowed it says so, and this test has nothing to show.
test.skipIf(isInside)(
  'a program that connects to other machines is found and named, or it says why it did not run',
  async () => {
    const { code, stdout } = await sovereign('tests/sovereign/planted.ts')
    if (stdout.startsWith('sovereign: not run: ')) {
      expect(code).toBe(0)
      expect((await sovereign('--required', 'tests/sovereign/planted.ts')).code).toBe(1)
      return
    }
    expect(stdout).toContain('  1 × 192.0.2.1 port 443, by ')
    expect(stdout).toContain('  1 × 198.51.100.1 port 9, by ')
    expect(stdout).toContain('  1 × [2001:db8::1] port 443, by ')
    expect(stdout).toContain('sovereign: 3 attempts to reach another machine (the kernel counted 3)\n')
    expect(code).toBe(1)
  },
)

test.skipIf(isInside)('a program that stays on this machine is no attempt', async () => {
  const { code, stdout } = await sovereign('tests/sovereign/trace.ts')
  expect(code).toBe(0)
  if (!stdout.startsWith('sovereign: not run: '))
    expect(stdout).toContain('sovereign: 0 attempts to reach another machine')
})

test('a wrong option is exit 2', async () => {
  expect((await sovereign('--frob')).code).toBe(2)
})
