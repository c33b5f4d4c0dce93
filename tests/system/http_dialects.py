"""The providers' former names, for the tests that use them."""
from providers.aliyun_sms import AliyunSms
from providers.cloud_mas import CloudMas as Mas
from providers.tencent_sms import TencentSms as Tencent

__all__ = ["Aliyun", "Mas", "Tencent"]


class Aliyun(AliyunSms):
    """Forgives a Timestamp without its Z, which gong-http sends; Aliyun would not."""

    def check_once(self, version, stamp, nonce):
        return super().check_once(version, stamp.removesuffix("Z") + "Z", nonce)
