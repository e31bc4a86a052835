import type { Lie } from '../lie.ts'

const gate = 'emails'
const file = 'src/email-address.ts'

/** Addresses that are one, and are taken for two; and a text that is taken for an address. */
export const lies: readonly Lie[] = [
  {
    title: 'a domain and its ASCII form are two',
    gate,
    file,
    from: "(isInternational(domain) ? domainToASCII(domain) : '') || folded(domain)",
    to: 'folded(domain)',
  },
  {
    title: 'needless quotes of an e-mail count when it is compared',
    gate,
    file,
    from: 'folded(unquoted(local))',
    to: 'folded(local)',
  },
  {
    title: 'an e-mail may have marks that turn the text around',
    gate,
    file,
    from: '\\p{Bidi_Control}',
    to: '',
  },
]
