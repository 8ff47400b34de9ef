"""What CSMs of the demo companies say of renewals: calls, plans, causes. By company, then by what it is about."""

from __future__ import annotations

from collections.abc import Mapping

Said = Mapping[str, tuple[str, ...]]

CALLS: Mapping[str, Said] = {
    "zh": {
        "agreed": ("预算已列入明年计划，一级关键人口头同意", "使用稳定，采购方式与去年一致", "按往年节奏续约，无异议"),
        "higher": ("总经理当面确认续约，合同正在走用印", "二级关键人已提交续约申请，比模型乐观"),
        "lower": ("新任分管副总要求重新比价", "预算被压缩，能否保留全部席位不确定", "二级关键人调岗，接任者态度未明",
                  "三个月没有新增使用，续约理由不足"),
        "waiting": ("等待客户年度预算会结果，月底再判断",),
        "word": ("同意一线判断，下周例会复核",),
    },
    "en": {
        "agreed": ("The budget is in next year's plan; the decision maker agreed", "Use is steady, bought as last year",
                   "Renews as every year, no objection"),
        "higher": ("The COO confirmed in person; the paper is with legal", "The request is in: more than likely"),
        "lower": ("The new VP wants three quotes", "The budget was cut; not all seats are certain",
                  "Our day-to-day contact moved on", "No new use for three months: the case is thin"),
        "waiting": ("Their budget meeting is at the end of the month; I decide after it",),
        "word": ("I go with the CSM; we look at it again next week",),
    },
}  # fmt: skip
STEPS: Mapping[str, tuple[str, ...]] = {
    "zh": ("向一级关键人汇报本期成果", "确认续约预算与采购方式", "提交续约报价"),
    "en": ("Show level 1 what the term brought", "Settle budget and way of purchase", "Send the renewal quote"),
}
FINDINGS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "zh": {
        "product": ("核心流程仍用表格，系统使用不深", "主要功能在用，移动端意见较多", "订单与对账全部在系统内完成"),
        "price": ("竞品报价低三成", "认为价格偏高，但可接受", "认可现有价格"),
        "service": ("升级工单拖了两周，客户不满", "响应正常，没有突出表现", "季度回顾每次都有改进建议落地"),
        "executives": ("一级关键人半年未见", "一级关键人知道我们，了解不深", "一级关键人在集团会上讲过我们的案例"),
        "discount": ("", "", "为赶在年底签约给了折扣"),
        "pressure": ("", "", "临到期催签，客户尚未看到成果汇报"),
    },
    "en": {
        "product": ("Core work still happens in spreadsheets", "In use, but the mobile app is a complaint",
                    "Dispatch and billing run entirely in the product"),
        "price": ("A competitor quoted a third less", "Finds it dear, would pay it", "Content with the price"),
        "service": ("An escalated ticket took two weeks", "Answers are fine, nothing stands out",
                    "Each quarterly review led to something that was done"),
        "executives": ("Nobody met the decision maker for half a year", "Knows us by name, not what we do",
                       "The COO told their board about the results"),
        "discount": ("", "", "A discount was given to sign within the year"),
        "pressure": ("", "", "Signed in a hurry, before anybody showed the results"),
    },
}  # fmt: skip
CAUSES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "zh": {
        "product": ("改用自研系统，核心流程没有迁入", "产品已嵌入订单流程，替换成本高"),
        "price": ("预算取消，采购改为最低价中标", "价格与竞品持平"),
        "service": ("问题长期未解决，客户失去信心", "实施与培训得到一致好评"),
        "executives": ("新任分管副总不认识我们", "总经理亲自推动续约"),
    },
    "en": {
        "product": ("They built their own; core work never moved", "The product is part of dispatch; leaving is dear"),
        "price": ("The budget was cut; the lowest bid won", "The price matched the competitor's"),
        "service": ("Tickets stayed open; trust was gone", "Rollout and training were praised by all"),
        "executives": ("The new VP never met us", "The managing director pushed the renewal"),
    },
}
