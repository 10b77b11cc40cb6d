"""WeChat Pay's merchant API, APIv3: Native, H5, JSAPI and app payments of a direct merchant."""

from paygate.adapters.rails.wechat_pay.rail import WechatPayRail
from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings

__all__ = ["WechatPayRail", "WechatPaySettings"]
