// What is said of written Chinese, Simplified, Traditional and mixed with English.
import { describe, expect, test } from 'vitest'
import { spokenText } from '#gpu-node/turn/spoken/spoken-text.ts'
import { cases } from './spoken-cases.ts'

describe.each([
  [
    '[SPO1] numbers',
    `
我有3个苹果 -> 我有三个苹果
我有2个苹果 -> 我有两个苹果
我有2本書 -> 我有兩本書
第2个和第10个 -> 第二个和第十个
102个 -> 一百零二个
一共105元 -> 一共一百零五元
有1234567人 -> 有一百二十三万四千五百六十七人
有10001天，20010天 -> 有一万零一天，两万零一十天
10,000,000 和 100亿 -> 一千万和一百亿
200，2000，22000 -> 二百，两千，两万两千
圆周率是3.14 -> 圆周率是三点一四
圓周率是3.14這個數 -> 圓周率是三點一四這個數
是-5 -> 是负五
１２３ -> 一百二十三
我用 iPhone 15 -> 我用 iPhone 十五
GPT-4 很好用 -> GPT 四很好用
电话02-1234-5678 -> 电话零二，一二三四，五六七八
打0912345678給我 -> 打零九一二三四五六七八給我
手机13812345678 -> 手机一三八一二三四五六七八
号码是+886 2 1234 5678 -> 号码是八八六，二，一二三四，五六七八
版本2.0.1 -> 版本二点零点一
`,
  ],
  [
    '[SPO2] dates and times',
    `
2026年，3年，20年 -> 二零二六年，三年，二十年
2年后 -> 两年后
2026-11-26开始 -> 二零二六年十一月二十六日开始
2026年11月26日 -> 二零二六年十一月二十六日
11/26見 -> 十一月二十六日見
2月2日 -> 二月二日
3月5日-7日 -> 三月五日到七日
10:30开会 -> 十点三十分开会
10:30開會 -> 十點三十分開會
10:05，10:00 -> 十点零五分，十点
下午3點 -> 下午三點
下午3点半 -> 下午三点半
2點30分 -> 兩點三十分
10:30-11:30 -> 十点三十分到十一点三十分
1990年代 -> 一九九零年代
12个月 -> 十二个月
2小时，2分鐘 -> 兩小时，兩分鐘
`,
  ],
  [
    '[SPO3] amounts',
    `
卖$5.20 -> 卖五点二美元
NT$100 -> 新台币一百元
要NT$100嗎 -> 要新台幣一百元嗎
NT$1,500元 -> 新台币一千五百元
3℃~5℃ -> 摄氏三度到摄氏五度
¥30和￥2 -> 三十元和两元
€20 -> 二十欧元
€20嗎 -> 二十歐元嗎
3萬元 -> 三萬元
50%的人 -> 百分之五十的人
占12.5% -> 占百分之十二点五
10%-20% -> 百分之十到百分之二十
1/2 -> 二分之一
60km/h -> 六十公里每小时
2kg -> 两公斤
2 kg重嗎 -> 兩公斤重嗎
气温25°C -> 气温摄氏二十五度
氣溫-5°C -> 氣溫攝氏負五度
16GB内存 -> 十六 GB 内存
25㎡ -> 二十五平方米
3-5天 -> 三到五天
3~5公斤 -> 三到五公斤
~30人 -> 大约三十人
1.5倍 -> 一点五倍
他跑了5 km -> 他跑了五公里
`,
  ],
  [
    '[SPO4] sums and signs',
    `
3+4=7 -> 三加四等于七
10-4=6 -> 十减四等于六
3×4=12對嗎 -> 三乘四等於十二對嗎
2^10 -> 二的十次方
3:2 -> 三比二
好的👍 -> 好的
你&我 -> 你和我
`,
  ],
  [
    '[SPO5] markup and addresses',
    `
**重点**：一 -> 重点：一
# 标题\\n- 一\\n- 二 -> 标题，一，二
看[这里](https://a.org) -> 看这里
访问 https://example.com/a。 -> 访问 example 点 com。
写信到 a.b@example.org。 -> 写信到 a 点 b at example 点 org。
| 名 | 岁 |\\n|--|--|\\n| 王 | 3 | -> 名，岁，王，三
`,
  ],
  [
    '[SPO6] mixed with English',
    `
我在 GitHub 上有 3 个 repo -> 我在 GitHub 上有三个 repo
他用 iPhone 15 打了2通電話給 Dr. Smith -> 他用 iPhone 十五打了兩通電話給 Dr. Smith
The meeting with 王小明 is at 10:30 today. -> The meeting with 王小明 is at ten thirty today.
Please ask 李 about the 3 files. -> Please ask 李 about the three files.
会议在 Zoom 上，2026-11-26 10:30 -> 会议在 Zoom 上，二零二六年十一月二十六日十点三十分
`,
  ],
])('%s', (_, table) => {
  test.each(cases(table))('%s', (written, said) => {
    expect(spokenText(written, 'zh')).toBe(said)
  })
})

test.each([
  ['hant', '3.14', '三點一四'],
  ['hans', '3.14', '三点一四'],
  ['hant', '共2天', '共兩天'],
] as const)('[SPO6] words are in the persona’s script: %s %s', (script, written, said) => {
  expect(spokenText(written, 'zh', script)).toBe(said)
})
