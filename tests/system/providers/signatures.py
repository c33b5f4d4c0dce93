"""Every provider's signature, computed from its documentation with the standard library alone."""
import base64
import hashlib
import hmac
import urllib.parse


def quote(text):
    """RFC 3986: only letters, digits, - _ . ~ stay."""
    return urllib.parse.quote(str(text), safe="-_.~")


def b64(raw):
    return base64.b64encode(raw).decode()


def mac(key, text, kind="sha256"):
    key, text = (x if isinstance(x, bytes) else x.encode() for x in (key, text))
    return hmac.new(key, text, kind)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def sorted_query(params):
    """By name, a repeated name's values (a list) by value."""
    pairs = [(name, value) for name, values in params.items()
             for value in (values if isinstance(values, list) else [values])]
    return "&".join(quote(name) + "=" + quote(value) for name, value in sorted(pairs))


def aliyun_rpc(method, params, secret):
    """SignatureVersion 1.0, without its Signature among the parameters."""
    text = f"{method}&%2F&{quote(sorted_query(params))}"
    return b64(mac(secret + "&", text, "sha1").digest())


def signed_lines(headers, names, lower=False):
    """`name:value` of each signed header; TC3 has its values in small letters."""
    values = [headers[name].strip() for name in names]
    return "".join(f"{name}:{value.lower() if lower else value}\n"
                   for name, value in zip(names, values))


def acs3(method, path, params, headers, names, body, secret):
    """Aliyun's V3; `names` are the signed headers in their order."""
    canonical = "\n".join([method, path, sorted_query(params), signed_lines(headers, names),
                           ";".join(names), sha256(body)])
    return mac(secret, "ACS3-HMAC-SHA256\n" + sha256(canonical)).hexdigest()


def tc3(method, path, query, headers, names, body, scope, at, secret):
    """Tencent Cloud; `scope` is day/service/tc3_request."""
    canonical = "\n".join([method, path, query, signed_lines(headers, names, lower=True),
                           ";".join(names), sha256(body)])
    text = "\n".join(["TC3-HMAC-SHA256", str(at), scope, sha256(canonical)])
    key = ("TC3" + secret).encode()
    for word in scope.split("/"):
        key = mac(key, word).digest()
    return mac(key, text).hexdigest()


def huawei_sdk(method, path, params, headers, names, body, secret):
    """SDK-HMAC-SHA256; the canonical path always ends in a slash."""
    path = path if path.endswith("/") else path + "/"
    canonical = "\n".join([method, path, sorted_query(params), signed_lines(headers, names),
                           ";".join(names), sha256(body)])
    text = "\n".join(["SDK-HMAC-SHA256", headers["x-sdk-date"], sha256(canonical)])
    return mac(secret, text).hexdigest()


def wsse(nonce, created, secret, of_hex=False):
    """PasswordDigest of X-WSSE; one widespread client encodes the hash's hexadecimal text."""
    digest = hashlib.sha256((nonce + created + secret).encode())
    return b64(digest.hexdigest().encode() if of_hex else digest.digest())


def aksk(text, secret):
    """PasswordDigest of X-AKSK."""
    return b64(mac(secret, text).digest())


def cloud_mas(parts):
    return hashlib.md5("".join(parts).encode()).hexdigest()


def twilio(url, form, token):
    """`form`: name to a value or a list of them."""
    text = url
    for name in sorted(form):
        values = form[name] if isinstance(form[name], list) else [form[name]]
        text += "".join(name + value for value in sorted(set(values)))
    return b64(mac(token, text, "sha1").digest())


def vonage(params, secret, method="md5"):
    """`method` "md5hash" is the MD5 of the text with the secret behind it, else an HMAC."""
    text = "".join(f"&{k}={str(params[k]).replace('&', '_').replace('=', '_')}"
                   for k in sorted(params) if k != "sig")
    if method == "md5hash":
        return hashlib.md5((text + secret).encode()).hexdigest()
    return mac(secret, text, method).hexdigest()


def plivo_v2(url, nonce, token):
    return b64(mac(token, url.split("?")[0] + nonce).digest())


def plivo_v3(method, url, form, nonce, token):
    """GET: the form's fields join the query; POST: they follow it, behind a dot."""
    base, _, query = url.partition("?")
    fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if method == "GET":
        fields.update(form)
    query = "&".join(f"{k}={fields[k]}" for k in sorted(fields))
    posted = "".join(k + form[k] for k in sorted(form)) if method == "POST" else ""
    text = base + ("?" if query or posted else "") + query
    text += "." if query and posted else ""
    return b64(mac(token, f"{text}{posted}.{nonce}").digest())


def v4(kind, method, query, headers, names, body, at, region, service, secret):
    """AWS's signature version 4 (kind "aws") and Volcengine's own (kind "volc"), for a path of "/"."""
    algorithm, prefix, last = {"aws": ("AWS4-HMAC-SHA256", "AWS4", "aws4_request"),
                               "volc": ("HMAC-SHA256", "", "request")}[kind]
    canonical = "\n".join([method, "/", sorted_query(query), signed_lines(headers, names), ";".join(names),
                           sha256(body)])
    scope = "/".join([at[:8], region, service, last])
    key = (prefix + secret).encode()
    for word in scope.split("/"):
        key = mac(key, word).digest()
    return scope, mac(key, "\n".join([algorithm, at, scope, sha256(canonical)])).hexdigest()
