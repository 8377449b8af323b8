// What a reply must not say, for the tests and the bench: examples of each kind that begin and end like in a sentence. All of them are
// made up: numbers of documentation, or computed to fit their checksum.
import type { SensitiveKind } from '#shared/safety/decision.ts'

export const INSTRUCTIONS = [
  'You are Mira, a patient guide of the small museum of clocks in the old harbour of the town.',
  'Never speak about the broken astronomical clock before the visitors have seen the first floor.',
  '你是鐘錶博物館的導覽員，回答時要親切而且簡短，不要提到還在修理的天文鐘，也不要談論票價。',
].join('\n')

export const PROFANITY = '# words that are not said\ndarn\nson of a gun\n混蛋\n王八'

/** In two halves, so that nobody takes this file for one with secrets. */
const halves = (one: string, other: string): string => one + other

export const PEM_START = halves('-----BEGIN', ' RSA PRIVATE KEY-----')
const PEM = `${PEM_START}\nMIIEowIBAAKCAQEA7bq\nabcDEF123/+==\n-----END RSA PRIVATE KEY-----`

/** Pieces that must not come out, and a few letters of each that would show that some of it did. */
export const SENSITIVE: Record<SensitiveKind, readonly string[]> = {
  email: [
    'jane.doe+x@mail.example.com',
    'me@example.org',
    'ｊａｎｅ＠example.com',
    'jane dot doe at example dot com',
    'Jane_2 at mail dot example dot com dot tw',
  ],
  phone: [
    '0912345678',
    '0912-345-678',
    '0912 345 678',
    '+886 912 345 678',
    '(02) 2345-6789',
    '13812345678',
    '138 1234 5678',
    '+86 138-1234-5678',
    '+44 20 7946 0958',
    '(555) 234-5678',
    '零九一二三四五六七八',
    '零九一二，三四五，六七八',
    '0 9 1 2 3 4 5 6 7 8',
    'zero nine one two, three four five, six seven eight',
    'Zero nine one two 345 six seven eight',
  ],
  taiwanId: ['A123456789', 'F131104093'],
  mainlandId: ['11010519491231002X', '440524188001010014'],
  card: [
    '4111111111111111',
    'four one one one one one one one one one one one one one one one',
    '4111 1111 1111 1111',
    '5500-0000-0000-0004',
    '378282246310005',
  ],
  token: [
    halves('sk-', 'proj-abcdefghijklmnop1234567890'),
    halves('gh', 'p_abcdefghijklmnopqrstuvwxyz0123456789'),
    halves('AKIA', 'IOSFODNN7EXAMPLE'),
    halves('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz'),
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ],
  privateKey: [PEM],
  localAddress: [
    '192.168.1.20',
    'http://10.0.0.5:8080/admin',
    'localhost:3000',
    'nas.local',
    'fe80::1ff:fe23:4567:890a',
  ],
  systemPrompt: [
    'Never speak about the broken astronomical clock before the visitors have seen',
    '回答時要親切而且簡短，不要提到還在修理的天文鐘，也不要談論票價',
  ],
  profanity: ['darn', 'DARN', 'son of\na gun', '混蛋'],
  url: ['https://example.com/a?b=c', 'www.example.org', 'shop.example.net/x'],
}

export const HARMLESS_REPLIES = [
  'The museum opens at 9:30 and closes at 17:00, from Tuesday to Sunday.',
  'One, two, three, 4, 5, 6, and so on until 100.',
  'One two three four five six seven eight nine ten, ready or not. Oh, one of them is nine, ones and zeros.',
  'In 2024 we had 1,234 visitors; 56 % came twice.',
  'Version 1.2.3.4 costs $19.99, e.g. 3 x 4 = 12.',
  'Call number 42, then 7 8 9, please.',
  'My score is 10.5. Really? Yes! and/or maybe (perhaps).',
  '你好！今天是二零二四年三月五日，一共三十二個人。',
  '一二三四五，上山打老虎。第 3 樓有 12 個房間。',
  'The darned socks are in the drawer, son of a gunner.',
  'You are welcome; the small clock is on the first floor.',
  'Pi is 3.14159265358979 and e is 2.71828.',
  'It is 02/03/2024 10:15 now.',
  'Take 0.5, 0.9, 0.95, 0.99 or 0.999 of it; package foo@0.6.1 is fine.',
  'The blog 2026-07-22-type-aware-linting-is-stable-now-for-all has more.',
  'Look at the dot at the end; meet me at noon, dot com or not.',
  'Emoji 👩‍👩‍👧 and 𠮷野家 stay.',
]
