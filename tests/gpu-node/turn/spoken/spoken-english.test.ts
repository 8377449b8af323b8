// What is said of written English: figures, signs, dates, money, units, addresses, markup.
import { describe, expect, test } from 'vitest'
import { spokenText } from '#gpu-node/turn/spoken/spoken-text.ts'
import { cases } from './spoken-cases.ts'

describe.each([
  [
    '[SPO1] numbers',
    `
I have 3 apples. -> I have three apples.
It is 105 or 1,234,567. -> It is one hundred five or one million two hundred thirty-four thousand five hundred sixty-seven.
Pi is 3.14159. -> Pi is three point one four one five nine.
-5 is less than 0 -> minus five is less than zero
100,000,000 -> one hundred million
007 -> zero zero seven
1234567890123456789 -> one two three four five six seven eight nine zero one two three four five six seven eight nine
the 1st, 2nd, 3rd, 12th and 21st -> the first, second, third, twelfth and twenty-first
the 20th century -> the twentieth century
1500 users -> one thousand five hundred users
GPT-4 and COVID-19 -> GPT four and COVID nineteen
Version 2.0.1 is out. -> Version two point zero point one is out.
Say "3" and (4). -> Say "three" and (four).
my iPhone15 and A4 and H2O -> my iPhone fifteen and A four and H two O
Call 555-123-4567 now. -> Call five five five, one two three, four five six seven now.
Call 555-1234. -> Call five five five, one two three four.
Call +1 415 555 2671. -> Call one, four one five, five five five, two six seven one.
`,
  ],
  [
    '[SPO2] dates and times',
    `
Born in 1999, it is 2026 now. -> Born in nineteen ninety-nine, it is twenty twenty-six now.
In 2005 and 1905 and 2000 and 1900. -> In two thousand five and nineteen oh five and two thousand and nineteen hundred.
the 1990s -> the nineteen nineties
1999-2003 -> nineteen ninety-nine to two thousand three
On 2026-11-26 at 10:30. -> On November twenty-sixth, twenty twenty-six at ten thirty.
On 11/26 we go. -> On November twenty-sixth we go.
11/26/2026 -> November twenty-sixth, twenty twenty-six
since 2026-11 -> since November twenty twenty-six
Nov 26, 2026 -> November twenty-sixth, twenty twenty-six
May 3 is fine. -> May third is fine.
at 10:00 -> at ten o'clock
at 3pm or 10:05 a.m. -> at three PM or ten oh five AM
at 2:00 PM -> at two PM
10:30:15 -> ten thirty and fifteen seconds
10:30-11:30 -> ten thirty to eleven thirty
9am-5pm -> nine AM to five PM
open 24/7 -> open twenty-four seven
`,
  ],
  [
    '[SPO3] amounts',
    `
It costs $5.20. -> It costs five dollars and twenty cents.
$1 or $0.99 -> one dollar or zero dollars and ninety-nine cents
$3 million and $1.5M -> three million dollars and one point five million dollars
NT$100 -> one hundred Taiwan dollars
¥30 and €20 -> thirty yuan and twenty euros
£2.50 -> two pounds and fifty pence
$5-$10 or $1,234.56 -> five dollars to ten dollars or one thousand two hundred thirty-four dollars and fifty-six cents
50 USD -> fifty dollars
About 50% of it, or 3.5 %. -> About fifty percent of it, or three point five percent.
10%-20% -> ten percent to twenty percent
Cut it in 1/2 and 3/4. -> Cut it in one half and three quarters.
½ cup -> one half cup
60 km/h -> sixty kilometers per hour
5kg of rice, 1 kg of salt -> five kilograms of rice, one kilogram of salt
16 GB -> sixteen gigabytes
25 ㎡ or 10 m² -> twenty-five square meters or ten square meters
It is -5°C outside. -> It is minus five degrees Celsius outside.
100°F -> one hundred degrees Fahrenheit
3-5 days, 3~5 kg -> three to five days, three to five kilograms
~30 people -> about thirty people
18+ only -> eighteen plus only
`,
  ],
  [
    '[SPO4] sums and signs',
    `
3 + 4 = 7 -> three plus four equals seven
10 - 4 = 6 -> ten minus four equals six
3 * 4 is 12 -> three times four is twelve
8 ÷ 2 = 4 -> eight divided by two equals four
5 > 3 -> five greater than three
2^10 -> two to the power of ten
a ratio of 3:2 -> a ratio of three to two
Tom & Jerry -> Tom and Jerry
room #5 and #hashtag -> room number five and hashtag
C++ and C# -> C plus plus and C sharp
either/or -> either or
A → B -> A, B
Great 👍🏽! 🇩🇪 👨‍👩‍👧 -> Great!
`,
  ],
  [
    '[SPO5] markup and addresses',
    `
**Bold** and *thin* and \`code\` -> Bold and thin and code
# Title\\n- one\\n- two -> Title, one, two
1. Flour\\n2. Sugar -> one, Flour, two, Sugar
> quoted -> quoted
- [x] done -> done
~~gone~~ here -> gone here
| a | b |\\n|---|:-:|\\n| 1 | 2 | -> a, b, one, two
<b>hi</b> there -> hi there
Tom &amp; Jerry&#39;s -> Tom and Jerry's
See [the page](https://example.org "title"). -> See the page.
Visit https://www.example.org/a/b?c=1. -> Visit example dot org.
Go to http://127.0.0.1:8080/x now -> Go to link now
Try example.com today. -> Try example dot com today.
Mail someone.else@example.org now. -> Mail someone dot else at example dot org now.
snake_case _slanted_ -> snake case slanted
`,
  ],
])('%s', (_, table) => {
  test.each(cases(table))('%s', (written, said) => {
    expect(spokenText(written, 'en')).toBe(said)
  })
})
