export default {
  notes: {
    input: 'openapi.yaml',
    output: {
      target: 'generated/notes.ts',
      client: 'fetch',
      mode: 'single',
      // Not in the contract, where the server is "the one that serves this document".
      baseUrl: { runtime: 'process.env.NOTES_URL' },
    },
  },
}
