// What can be said to the responder in Mandarin, and what it answers. The more special intents stand first.
// Patterns are in simplified characters; words.ts brings traditional ones to them.
import type { Intent } from './intent.ts'
import { STORIES_ZH } from './stories.ts'

export const INTENTS_ZH: readonly Intent[] = [
  {
    id: 'recall name',
    patterns: [/我(?:的名字)?(?:叫|是)(?:什么|啥|谁)/, /(?:记得|知道|忘了|忘记)我的?(?:名字|叫|是谁)/, /我的名字$/],
    phrases: ['我叫什么名字', '你记得我的名字吗', '我的名字是什么'],
    replies: ['你叫{name}。', '你告诉过我，你叫{name}。'],
    otherwise: ['你还没有告诉我你的名字。你叫什么？'],
  },
  {
    id: 'tell name',
    patterns: [/我(?:叫做?|的名字[是叫]|名叫)(?!什么|啥)\p{L}/u],
    replies: ['很高兴认识你，{name}。我能为你做什么？', '你好，{name}。我记住你的名字了。'],
    otherwise: ['很高兴认识你。我能为你做什么？'],
  },
  {
    id: 'recall first utterance',
    patterns: [/我(?:的)?(?:第一句|第一个问题|最先|最开始|一开始)/, /第一句.*说.*什么/],
    phrases: ['我第一句说了什么', '我的第一个问题是什么'],
    replies: ['你第一句说的是：{first}。'],
    otherwise: ['这就是你对我说的第一句话。'],
  },
  {
    id: 'recall utterance',
    patterns: [
      /我(?:刚才|刚刚|之前|以前|上一句|前面|上次)?(?:都)?(?:跟你|对你|和你)?(?:说|问|讲)(?:了|过)?(?:什么|啥|哪些)/,
      /我们(?:刚才|之前)?(?:聊|谈)了?什么/,
    ],
    phrases: ['我刚才说了什么', '我之前问了什么', '我刚才问了什么'],
    replies: ['你刚才说：{earlier}。', '你说的是：{earlier}。'],
    otherwise: ['在这之前你什么也没有说。'],
  },
  {
    id: 'repeat reply',
    patterns: [
      /你(?:刚才|刚刚|之前)?(?:说|讲)(?:了|的是)?(?:什么|啥)/,
      /(?:再|重新|重复)(?:说|讲)?(?:一?遍|一?次)/,
      /重复/,
      /没听(?:清|见|到|懂)/,
    ],
    phrases: ['你刚才说了什么', '再说一遍', '你说什么'],
    replies: ['我刚才说：{lastReply}'],
    otherwise: ['我还没有说过话。'],
  },
  {
    id: 'arithmetic',
    patterns: [
      /[零一二两三四五六七八九十百千万亿\d]\s*(?:加上?|减去?|乘以?|除以|[+×*÷/-])\s*[零一二两三四五六七八九十百千万亿\d]/,
    ],
    replies: ['{sum}等于{result}。', '{sum}是{result}。'],
    otherwise: ['这个算不出来。'],
  },
  {
    id: 'count',
    patterns: [/数(?:数)?(?:到|至)(?<count>[\d零一二两三四五六七八九十百]+)/, /^(?:从一)?(?:开始)?数数/],
    phrases: ['从一数到十', '数到二十'],
    replies: ['{counting}。数完了。'],
  },
  {
    id: 'story',
    patterns: [/故事|童话/],
    phrases: ['给我讲个故事', '讲一个故事'],
    replies: STORIES_ZH,
  },
  {
    id: 'joke',
    patterns: [/笑话|逗我/],
    phrases: ['讲个笑话'],
    replies: ['麦克风为什么去上学？因为它想更有音调。', '我想讲一个关于安静的笑话，可是你听不见。'],
  },
  {
    id: 'weather',
    patterns: [/天气|下雨|下雪|气温|温度|冷不冷|热不热/],
    phrases: ['今天天气怎么样', '天气怎么样'],
    replies: ['我没有窗户，也连不上气象站，所以不知道天气。'],
  },
  {
    id: 'time',
    patterns: [/几点|什么时间|时间是|现在.*时候|什么时候了/],
    phrases: ['现在几点了', '现在是什么时间'],
    replies: ['现在是{time}。'],
  },
  {
    id: 'date',
    patterns: [/几号|几月|星期几|礼拜几|周几|什么日子|日期|哪一天|哪一年/],
    phrases: ['今天几号', '今天星期几'],
    replies: ['今天是{date}。'],
  },
  {
    id: 'help',
    patterns: [
      /你(?:会|能|可以)(?:做|干)?(?:什么|啥|哪些)/,
      /我(?:可以|能)(?:问|说|做)(?:你)?什么/,
      /^(?:帮助|帮帮我|帮我)$/,
      /能帮我/,
      /怎么用/,
    ],
    phrases: ['你会做什么', '你能做什么', '你可以帮我吗'],
    replies: ['你可以告诉我你的名字，问时间和日期，让我做加减乘除、数数，或者讲故事。你随时可以打断我。'],
  },
  {
    id: 'persona',
    patterns: [/你(?:是谁|是什么|叫什么|叫啥|的名字)/, /(?:怎么|如何)称呼你/, /自我介绍|介绍(?:一下)?你?自己/],
    phrases: ['你叫什么名字', '你是谁', '介绍一下你自己'],
    replies: ['我叫{persona}，是一个小小的演示语音。', '我是{persona}，一个小小的演示语音。'],
  },
  {
    id: 'human',
    patterns: [
      /你是(?:不是)?(?:一个|个)?(?:机器人|真人|人|机器|电脑|程序)/,
      /你(?:几岁|多大|多少岁)/,
      /你(?:住|在)(?:在)?哪/,
    ],
    phrases: ['你是机器人吗', '你几岁了'],
    replies: ['我是一个在家里运行的小程序，只有几条规则，没有年龄。'],
  },
  {
    id: 'hearing',
    patterns: [/(?:听得?(?:见|到|清|懂))(?:我|吗)/, /你在吗/, /^(?:测试|试音|喂)/, /一二三$/],
    phrases: ['你听得见吗', '能听见我说话吗', '你在吗'],
    replies: ['听得见。你说：{utterance}。', '我听见了。你说：{utterance}。'],
  },
  {
    id: 'how are you',
    patterns: [/你(?:今天|最近|现在)?(?:好吗|怎么样|还好|过得)/, /最近(?:好吗|怎么样)/, /吃了吗/],
    phrases: ['你好吗', '你今天怎么样', '最近怎么样'],
    replies: ['我很好，谢谢。你呢？', '挺好的，谢谢你。你怎么样？'],
  },
  {
    id: 'goodbye',
    patterns: [/再见|拜拜|再会|晚安|回头见|下次见/],
    phrases: ['再见', '晚安'],
    replies: ['再见，{name}。很高兴和你聊天。'],
    otherwise: ['再见。很高兴和你聊天。'],
  },
  { id: 'thanks', patterns: [/谢谢|多谢|感谢|辛苦/], replies: ['不客气。', '不用谢。'] },
  { id: 'stop', patterns: [/^(?:停|别说|安静|够了|闭嘴|等一下|算了)/], replies: ['好的。', '好，我停下。'] },
  {
    id: 'share',
    patterns: [/我(?:很|最|也|不)?(?<verb>喜欢|讨厌|觉得|希望|想|爱|需要)(?<thing>\S+)/],
    replies: ['你为什么{verb}{mirrored}呢？', '你{verb}{mirrored}。再说说看。'],
  },
  {
    id: 'well-being',
    patterns: [/我(?:今天|现在)?(?:很|也|挺|有点|不)?(?<mood>好|高兴|开心|累|难过|无聊|饿|忙|不错)/],
    replies: ['谢谢你告诉我。你想聊什么？'],
  },
  {
    id: 'greeting',
    patterns: [/你好|您好|早上好|早安|下午好|晚上好|大家好|哈[喽啰]|嗨|^(?:hello|hi|hey)\b/],
    phrases: ['你好', '早上好', '晚上好'],
    replies: ['你好，{name}。我能为你做什么？', '{name}，你好。'],
    otherwise: ['你好，我是{persona}。我能为你做什么？', '你好。你想聊什么？'],
  },
  {
    id: 'yes or no',
    patterns: [/^(?:是的?|对|好的?|行|可以|不是?|没有|不用|不要|ok)$/],
    replies: ['好的。还有什么？', '明白了。你想聊什么？'],
  },
  { id: 'silence', patterns: [/^$/], replies: ['我没有听见。请再说一遍。'] },
]

export const FALLBACK_ZH: Intent = {
  id: 'fallback',
  patterns: [],
  replies: [
    '你说：{utterance}。我只是一个小小的演示，你可以问我会做什么。',
    '我听见你说：{utterance}。这个我不太懂。要不要听一个故事？',
    '你说：{utterance}。再多告诉我一些。',
  ],
  otherwise: ['我没有听懂。请再说一遍。'],
}
